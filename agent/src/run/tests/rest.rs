//! With inputs that do not change, the leader's rounds come to rest, whatever the inputs are.

use proptest::prelude::*;

use super::*;
use aws::groups::Member;
use protocol::Availability;
use protocol::{ManagerEntry, NodeEntry, SWARM_PORT};

/// A node that somebody else has put on the list, with anything that can be said of one.
#[derive(Clone, Debug)]
struct Stranger {
    role: Role,
    availability: Availability,
    state: u8,
    claims: Option<String>,
    address: Option<u8>,
    raft: Option<bool>,
    asks: Option<u64>,
    labels: Vec<(String, String)>,
    tags: Vec<(String, String)>,
    tasks: usize,
    terminated: bool,
    member: Option<(bool, bool, Option<u64>)>,
}

fn claims() -> impl Strategy<Value = Option<String>> {
    proptest::option::of(prop_oneof![
        4 => (1..8_u8).prop_map(|number| format!("i-{number}")),
        1 => Just("*".to_owned()),
        1 => Just(String::new()),
        1 => Just("i-unknown".to_owned()),
    ])
}

fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let key = prop_oneof![
        Just("swarmlet.instance-id".to_owned()),
        Just("swarmlet.labels".to_owned()),
        Just("swarmlet.departing".to_owned()),
        Just("swarmlet.drained".to_owned()),
        Just("swarmlet.promoted".to_owned()),
        Just("swarmlet.protection".to_owned()),
        Just("tier".to_owned()),
    ];
    let value = prop_oneof![
        Just("i-3".to_owned()),
        Just("marked".to_owned()),
        Just("protected".to_owned()),
        Just("spared".to_owned()),
        Just("1".to_owned()),
        Just("tier\nother".to_owned()),
        Just(String::new()),
    ];
    proptest::collection::vec((key, value), 0..4)
}

fn tags() -> impl Strategy<Value = Vec<(String, String)>> {
    let key = prop_oneof![
        Just("swarm:role".to_owned()),
        Just("swarm:cluster".to_owned()),
        Just("swarm:label:tier".to_owned()),
        Just("swarm:label:swarmlet.zone".to_owned()),
        Just("swarm:label:".to_owned()),
        Just("aws:autoscaling:groupName".to_owned()),
    ];
    let value = prop_oneof![
        Just("manager".to_owned()),
        Just("worker".to_owned()),
        Just("c".to_owned()),
        Just("boss".to_owned()),
    ];
    proptest::collection::vec((key, value), 0..6)
}

prop_compose! {
    fn strangers()(
        manager in any::<bool>(), availability in 0..3_u8, state in 0..3_u8, claims in claims(),
        address in proptest::option::of(2..9_u8), raft in proptest::option::of(any::<bool>()),
        asks in proptest::option::of(prop_oneof![Just(0_u64), Just(EPOCH + 60), Just(EPOCH * 2)]),
        labels in labels(), tags in tags(), tasks in 0..3_usize, terminated in any::<bool>(),
        member in proptest::option::of((any::<bool>(), any::<bool>(), proptest::option::of(1..3_u64))),
    ) -> Stranger {
        let role = if manager { Role::Manager } else { Role::Worker };
        let availability = match availability {
            0 => Availability::Active,
            1 => Availability::Pause,
            _ => Availability::Drain,
        };
        Stranger {
            role, availability, state, claims, address, raft, asks, labels, tags, tasks, terminated, member,
        }
    }
}

fn entry(number: usize, stranger: &Stranger) -> NodeEntry {
    let address = stranger.address.map(|last| [10, 0, 0, last].into());
    let listens = address.unwrap_or([10, 0, 0, 200].into());
    let is_manager = stranger.role == Role::Manager;
    let raft = stranger.raft.filter(|_| is_manager);
    NodeEntry {
        id: format!("node-i-{}", number + 2),
        created: None,
        role: stranger.role,
        availability: stranger.availability,
        labels: stranger.labels.iter().cloned().collect(),
        ready: stranger.state == 0,
        down: stranger.state == 1,
        instance_id: stranger.claims.clone(),
        asks_to_leave: stranger.asks,
        address,
        manager: raft.map(|reachable| ManagerEntry {
            address: (listens, SWARM_PORT).into(),
            reachable,
            leader: false,
        }),
    }
}

/// What was changed in two hours after one, how often EC2 was asked, and how often the nodes were listed.
async fn lived(strangers: &[Stranger], deaf: bool) -> (usize, usize, usize) {
    let world = World::default();
    let (hosts, mut leader) = cluster(&world, &[]).await;
    let group = hosts[0].group.clone();
    group.group(|group| (group.name, group.desired, group.maximum) = ("c".into(), 1, 9));
    for (number, stranger) in strangers.iter().enumerate() {
        let node = InstanceIdentity {
            instance_id: format!("i-{}", number + 2),
            private_ip: [10, 0, 0, u8::try_from(number + 2).unwrap()].into(),
            ..hosts[0].node.clone()
        };
        world.launched(&node);
        let last = u8::try_from(number + 2).unwrap();
        world.instance(last, |instance| {
            instance.tags = stranger.tags.iter().cloned().collect();
        });
        if stranger.terminated {
            world.terminate(&node.instance_id);
        }
        if let Some((in_service, protected, version)) = stranger.member {
            let id = node.instance_id.clone();
            let member = Member {
                id,
                in_service,
                protected,
                version,
            };
            group.group(|group| group.members.push(member));
        }
        world.set_tasks(last, stranger.tasks);
        world.put_entry(&entry(number, stranger));
    }
    world.is_deaf(deaf);
    live(&mut leader, Duration::from_hours(1)).await;
    let count = |what: &str| world.calls(what);
    let changed =
        || count("update") + count("remove") + count("put_secret") + group.protections().len();
    let before = (changed(), count("instances"));
    let listed = count("nodes");
    live(&mut leader, Duration::from_hours(2)).await;
    let after = (changed(), count("instances"));
    (
        after.0 - before.0,
        after.1 - before.1,
        count("nodes") - listed,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn unchanged_inputs_come_to_rest(strangers in proptest::collection::vec(strangers(), 0..6), deaf in any::<bool>()) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        let (changes, asked, rounds) = runtime.block_on(lived(&strangers, deaf));
        // An engine that takes a change and does nothing hears of it every ten minutes. Of one entry there are up to three:
        // what drains want, what labels do, and that it is refused.
        let most = if deaf { 3 * 12 * strangers.len() } else { 0 };
        prop_assert!(changes <= most, "{changes} changes");
        // Once a minute, and those that EC2 does not know every 15 s.
        prop_assert!(asked <= 2 * 60 * 6, "EC2 was asked {asked} times");
        prop_assert!(rounds <= 2 * 60 * 12, "{rounds} rounds in two hours");
    }
}
