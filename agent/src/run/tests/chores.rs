//! What the leader does for nodes that stay: labels, roles, tokens.

use std::net::IpAddr;

use super::*;
use crate::identity::ROLE_TAG;
use protocol::leader::admission::Admission;
use protocol::leader::claims::Doubt;
use protocol::{Availability, NodeEntry, NodeRecord, Ticket};

const SOON: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(70);

fn tagged(key: &str, value: &str) -> impl FnOnce(&mut protocol::Told) {
    let (key, value) = (key.to_owned(), value.to_owned());
    move |instance| drop(instance.tags.insert(key, value))
}

fn label(node: &mut NodeEntry, key: &str) -> Option<String> {
    node.labels.get(key).cloned()
}

#[tokio::test(start_paused = true)]
async fn a_node_is_labelled_and_activated_in_one_update() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
    assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
    world.instance(2, tagged("swarm:label:tier", "front"));
    live(&mut leader, SOON).await;
    for number in [1, 2] {
        let node = |key: &str| world.node(number, |node| label(node, key));
        assert_eq!(node("swarmlet.instance-id"), Some(format!("i-{number}")));
        assert_eq!(node("swarmlet.zone"), Some("ra".into()));
        assert_eq!(node("swarmlet.region"), Some("r".into()));
        assert_eq!(node("swarmlet.lifecycle"), Some("on-demand".into()));
        let active = world.node(number, |node| node.availability);
        assert_eq!(active, Availability::Active);
        assert_eq!(world.updates(number).len(), 1, "one update");
    }
    assert_eq!(
        world.node(2, |node| label(node, "tier")),
        Some("front".into())
    );
}

/// Parameter Store does not tell by which key a value is, so the ticket does. An agent that is started with another one moves
/// both secrets, once.
#[tokio::test(start_paused = true)]
async fn secrets_move_to_the_key_that_is_named_and_no_further() {
    let world = World::default();
    world.locks("SWMKEY-1-lock");
    let (mut hosts, mut leader) = cluster(&world, &[]).await;
    live(&mut leader, MINUTE).await;
    let stored = || {
        let ticket = world.parameter("/swarmlet/c/ticket").expect("a ticket");
        Ticket::parse(&ticket.into()).expect("one").kms_key
    };
    let written = || world.calls("put_secret");
    assert_eq!((stored(), written()), (None, 2));
    let mut leader = hosts[0].agent();
    live(&mut leader, MINUTE).await;
    assert_eq!(written(), 2, "a restart alone writes nothing");

    let key = Some("alias/swarmlet-c".to_owned());
    hosts[0].node.kms_key.clone_from(&key);
    let mut leader = hosts[0].agent();
    live(&mut leader, MINUTE * 10).await;
    assert_eq!((stored(), written()), (key, 4), "ticket and unlock key");
    let lock = world.parameter("/swarmlet/c/unlock-key");
    assert_eq!(lock.as_deref(), Some("SWMKEY-1-lock"));

    hosts[0].node.kms_key = None;
    let mut leader = hosts[0].agent();
    live(&mut leader, MINUTE).await;
    assert_eq!(stored(), None, "and back under the account's own");
}

#[tokio::test(start_paused = true)]
async fn tags_are_looked_at_once_a_minute_and_a_drain_by_hand_stays() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
    live(&mut leader, SOON).await;
    world.instance(2, tagged("swarm:label:tier", "back"));
    world.node(2, |node| node.availability = Availability::Drain);
    let before = world.calls("instances");
    live(&mut leader, Duration::from_mins(10)).await;
    let asked = world.calls("instances") - before;
    assert!((9..=11).contains(&asked), "{asked} in ten minutes");
    assert_eq!(
        world.node(2, |node| label(node, "tier")),
        Some("back".into())
    );
    assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
}

#[tokio::test(start_paused = true)]
async fn an_impostor_stays_drained_and_is_removed() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
    world.instance(2, |instance| {
        instance.addresses = vec![IpAddr::from([10, 0, 0, 99]).into()];
    });
    live(&mut leader, MINUTE).await;
    assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
    let refusal = world.node(2, |node| node.refusal()).unwrap();
    assert_eq!(refusal.doubt, Doubt::OtherAddress);
    assert_eq!(world.updates(2).len(), 1, "said once");
    live(&mut leader, Duration::from_mins(8)).await;
    assert!(world.has_entry(2));
    live(&mut leader, Duration::from_mins(2)).await;
    assert!(!world.has_entry(2));
}

#[tokio::test(start_paused = true)]
async fn who_joins_active_and_is_nobody_has_no_tasks_a_moment_later() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
    world.node(2, |node| {
        node.availability = Availability::Active;
        node.instance_id = None;
    });
    live(&mut leader, Duration::from_secs(1)).await;
    assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
    // It says who it is, and is.
    world.node(2, |node| node.instance_id = Some("i-2".into()));
    live(&mut leader, SOON).await;
    let taken_back = world.node(2, |node| (node.availability, node.refusal()));
    assert_eq!(taken_back, (Availability::Active, None));
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_refused_holds_no_other_up() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker, Role::Worker]).await;
    for number in [2, 3] {
        world.node(number, |node| {
            node.availability = Availability::Active;
            node.instance_id = None;
        });
    }
    world.is_stubborn("node-i-2");
    live(&mut leader, SOON).await;
    let has = |number| world.node(number, |node| node.availability);
    assert_eq!(
        [has(2), has(3)],
        [Availability::Active, Availability::Drain]
    );
}

#[tokio::test(start_paused = true)]
async fn a_tag_alone_makes_no_manager() {
    let world = World::default();
    let roles = [Role::Manager, Role::Manager];
    let (_hosts, mut leader) = cluster(&world, &roles).await;
    // One has another profile, the record of another names another node.
    world.instance(3, |instance| instance.profile = Some("workers".into()));
    world.write(
        "/swarmlet/c/nodes/i-2",
        NodeRecord::new("node-i-9".into()).to_value(),
    );
    live(&mut leader, MINUTE).await;
    assert_eq!(world.members(Role::Manager), 1);
    world.instance(3, |instance| instance.profile = Some("managers".into()));
    live(&mut leader, Duration::from_mins(2)).await;
    assert_eq!(
        world.members(Role::Manager),
        1,
        "two would be worse than one"
    );
    world.write(
        "/swarmlet/c/nodes/i-2",
        NodeRecord::new("node-i-2".into()).to_value(),
    );
    live(&mut leader, Duration::from_mins(2)).await;
    assert_eq!(world.members(Role::Manager), 3);
}

/// Managers see the address that a node's routes choose, which need not be its primary one.
#[tokio::test(start_paused = true)]
async fn a_node_at_any_address_of_its_instance_is_activated_and_promoted() {
    let world = World::default();
    let roles = [Role::Manager, Role::Manager, Role::Worker];
    let (_hosts, mut leader) = cluster(&world, &roles).await;
    for number in [2, 3, 4] {
        let other = IpAddr::from([10, 0, 7, number]);
        world.instance(number, |instance| instance.addresses.push(other.into()));
        world.node(number, |node| node.address = Some(other));
    }
    live(&mut leader, MINUTE).await;
    for number in [2, 3, 4] {
        let active = world.node(number, |node| node.availability);
        assert_eq!(active, Availability::Active, "{number}");
    }
    assert_eq!(world.members(Role::Manager), 3);
}

#[tokio::test(start_paused = true)]
async fn an_instance_whose_tags_come_late_waits_for_them() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
    let tags = std::cell::Cell::new(None);
    world.instance(2, |instance| {
        tags.set(Some(std::mem::take(&mut instance.tags)));
    });
    live(&mut leader, SOON).await;
    assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
    world.instance(2, |instance| instance.tags = tags.take().unwrap());
    world.instance(2, tagged("swarm:label:tier", "late"));
    live(&mut leader, Duration::from_secs(20)).await;
    assert_eq!(
        world.node(2, |node| label(node, "tier")),
        Some("late".into())
    );
    assert_eq!(
        world.node(2, |node| node.availability),
        Availability::Active
    );
}

#[tokio::test(start_paused = true)]
async fn a_changed_role_tag_changes_the_role_and_what_goes_with_it() {
    let world = World::default();
    let roles = [Role::Manager, Role::Manager];
    let (hosts, _) = cluster(&world, &roles).await;
    let mut leader = hosts[0].agent_with(|settings| {
        settings.swarm.manager_availability = Availability::Drain;
    });
    live(&mut leader, MINUTE).await;
    assert_eq!(world.members(Role::Manager), 3);
    assert_eq!(world.node(3, |node| node.availability), Availability::Drain);
    world.instance(3, tagged(ROLE_TAG, "worker"));
    live(&mut leader, Duration::from_secs(90)).await;
    assert_eq!(world.node(3, |node| node.role), Role::Worker);
    assert_eq!(
        world.node(3, |node| node.availability),
        Availability::Active
    );
    assert_eq!(
        world.members(Role::Manager),
        2,
        "not for the sake of an odd count"
    );
    world.instance(3, tagged(ROLE_TAG, "manager"));
    live(&mut leader, Duration::from_secs(90)).await;
    assert_eq!(world.node(3, |node| node.role), Role::Manager);
}

#[tokio::test(start_paused = true)]
async fn an_ec2_that_is_down_stops_no_other_chore() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker, Role::Worker]).await;
    world.ec2_is_down(true);
    world.node(3, |node| {
        node.asks_to_leave = Some(1_800_000_000);
        (node.ready, node.down) = (false, true);
    });
    let before = world.calls("instances");
    live(&mut leader, Duration::from_mins(5)).await;
    assert!(!world.has_entry(3), "removed at its own word");
    let asked = world.calls("instances") - before;
    assert!(asked <= 16, "asked {asked} times in five minutes");
    world.ec2_is_down(false);
    live(&mut leader, MINUTE).await;
    assert_eq!(
        world.node(2, |node| node.availability),
        Availability::Active
    );
}

/// It says so without a time: it is to run no tasks, and stays a member, however long its reboot takes.
/// One that has its cluster from its settings only: whoever has the token can say so.
#[tokio::test(start_paused = true)]
async fn an_instance_without_tags_belongs_where_others_are_only_observed() {
    for (admission, expected) in [
        (Admission::Enforce, Availability::Drain),
        (Admission::Observe, Availability::Active),
    ] {
        let world = World::default();
        let (hosts, _) = cluster(&world, &[Role::Worker]).await;
        let mut leader = hosts[0].agent_with(|settings| settings.swarm.admission = admission);
        world.instance(2, |instance| instance.tags.clear());
        live(&mut leader, Duration::from_mins(2)).await;
        assert_eq!(world.node(2, |node| node.availability), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_drained_node_that_is_down_stays_on_the_list() {
    let world = World::default();
    let (_hosts, mut leader) = cluster(&world, &[Role::Worker, Role::Worker]).await;
    live(&mut leader, SOON).await;
    world.node(3, |node| {
        node.asks_to_leave = Some(0);
        (node.ready, node.down) = (false, true);
    });
    live(&mut leader, Duration::from_mins(30)).await;
    assert!(world.has_entry(3), "EC2 says that it lives");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_drawn_on_time() {
    let world = World::default();
    let (hosts, mut leader) = cluster(&world, &[]).await;
    live(&mut leader, MINUTE).await;
    assert_eq!(world.rotations(), (0, None));
    let every = Duration::from_hours(1);
    let mut leader = hosts[0].agent_with(|settings| {
        settings.swarm.rotate_tokens_every = Some(every);
    });
    live(&mut leader, MINUTE).await;
    let (drawn, first) = world.rotations();
    assert_eq!(drawn, 0, "only noted");
    assert!(first.is_some_and(|at| at > EPOCH));
    live(&mut leader, every * 2 + MINUTE * 2).await;
    assert_eq!(world.rotations().0, 2);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_drawn_by_hand_on_managers_only() {
    use crate::run::RotateError;
    use protocol::TokenKind;
    let world = World::default();
    let outside = Host::new(&world, 9, Role::Worker);
    let refused = outside.agent().rotate_by_hand(TokenKind::Worker).await;
    assert!(matches!(refused, Err(RotateError::NoManager)));
    let (hosts, _) = cluster(&world, &[Role::Worker]).await;
    let refused = hosts[1].agent().rotate_by_hand(TokenKind::Worker).await;
    assert!(matches!(refused, Err(RotateError::NoManager)));
    hosts[0]
        .agent()
        .rotate_by_hand(TokenKind::Worker)
        .await
        .unwrap();
    assert_eq!(world.rotations().0, 1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_ec2_does_not_know_keeps_nobody_busy() {
    for is_down in [false, true] {
        let world = World::default();
        let (_hosts, mut leader) = cluster(&world, &[Role::Worker]).await;
        world.instance(2, |instance| instance.id = "i-other".into());
        live(&mut leader, MINUTE).await;
        assert_eq!(world.node(2, |node| node.availability), Availability::Drain);
        world.node(2, |node| (node.ready, node.down) = (!is_down, is_down));
        let before = world.calls("instances");
        let rounds = live(&mut leader, Duration::from_mins(10)).await;
        let asked = world.calls("instances") - before;
        assert!(rounds < 150 && asked < 60, "{rounds} rounds, {asked} calls");
        assert!(!world.has_entry(2), "it was never admitted");
    }
}
