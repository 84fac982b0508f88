use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use std::time::Duration;

use crate::labels::DEPARTING_LABEL;
use crate::leader::admission::Admission;
use crate::leader::claims::Claims;
use crate::leader::{NO_TASKS, Records, Snapshot};
use crate::{Instances, ManagerEntry, Moment};

const ACTIVE: Availability = Availability::Active;
const DRAIN: Availability = Availability::Drain;

fn ip(n: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, n])
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    pairs.collect()
}

/// One that has just joined.
fn joined() -> NodeEntry {
    NodeEntry {
        id: "n1".into(),
        created: None,
        role: Role::Worker,
        availability: DRAIN,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        asks_to_leave: None,
        manager: None,
        instance_id: Some("i-1".into()),
        address: Some(ip(1)),
    }
}

fn instance(tags: &[(&str, &str)]) -> Instance {
    Instance {
        alive: true,
        role: Some(Role::Worker),
        tagged: true,
        addresses: vec![ip(1).into()],
        labels: labels(tags),
        facts: labels(&[("swarmlet.zone", "a")]),
        ..Instance::default()
    }
}

/// What follows where EC2 says this of the node's instance.
fn next(node: &NodeEntry, told: Option<&Instance>, managers: Availability) -> Labelling {
    let told = node.instance_id.clone().zip(told.cloned());
    let instances = Instances::that_are(told.into_iter().collect());
    let nodes = [node.clone()];
    let seen = Snapshot {
        own: "i-9",
        nodes: &nodes,
        instances: &instances,
        records: &Records::default(),
        tasks: NO_TASKS,
        epoch: None,
        admission: Admission::Enforce,
        now: Moment {
            up: Duration::ZERO,
            unix: 0,
            random: 0,
        },
    };
    super::next(node, Claims::of(&seen).claim(&nodes[0]), managers)
}

fn apply(node: &mut NodeEntry, change: &NodeChange) {
    node.availability = change.availability.unwrap_or(node.availability);
    let held = &mut node.labels;
    for (key, value) in &change.labels {
        match value {
            Some(value) => held.insert(key.clone(), value.clone()),
            None => held.remove(key),
        };
    }
}

fn settle(node: &mut NodeEntry, instance: &Instance) {
    if let Labelling::Change(change) = next(node, Some(instance), ACTIVE) {
        apply(node, &change);
    }
    assert_eq!(next(node, Some(instance), ACTIVE), Labelling::Settled);
}

#[test]
fn labels_and_availability_come_in_one_change() {
    let told = instance(&[("tier", "front")]);
    let Labelling::Change(change) = next(&joined(), Some(&told), ACTIVE) else {
        panic!("a change");
    };
    assert_eq!(change.availability, Some(ACTIVE));
    let set: BTreeMap<_, _> = change
        .labels
        .into_iter()
        .map(|(k, v)| (k, v.unwrap()))
        .collect();
    let expected = [
        ("tier", "front"),
        ("swarmlet.zone", "a"),
        (ACTIVATED, "i-1"),
        (FROM_TAGS, "tier"),
    ];
    assert_eq!(set, labels(&expected));
}

#[test]
fn a_node_that_was_activated_and_is_drained_stays_drained() {
    let mut node = joined();
    settle(&mut node, &instance(&[]));
    assert_eq!(node.availability, ACTIVE);
    node.availability = DRAIN;
    settle(&mut node, &instance(&[("tier", "back")]));
    assert_eq!(
        (node.availability, node.labels["tier"].as_str()),
        (DRAIN, "back")
    );
    node.instance_id = Some("i-2".into());
    settle(&mut node, &instance(&[]));
    assert_eq!(node.availability, ACTIVE, "another instance");
}

#[test]
fn tags_change_and_go_and_a_persons_labels_stay() {
    let mut node = joined();
    node.labels.insert("mine".into(), "1".into());
    settle(&mut node, &instance(&[("a", "1"), ("b", "1")]));
    settle(&mut node, &instance(&[("a", "2")]));
    assert_eq!(node.labels["a"], "2");
    assert!(!node.labels.contains_key("b"));
    settle(&mut node, &instance(&[]));
    let expected = [("mine", "1"), ("swarmlet.zone", "a"), (ACTIVATED, "i-1")];
    assert_eq!(node.labels, labels(&expected));
}

#[test]
fn no_tag_sets_a_label_of_the_agents() {
    let mut node = joined();
    settle(
        &mut node,
        &instance(&[
            ("swarmlet.zone", "x"),
            ("swarmlet.departing", "0"),
            ("", "x"),
        ]),
    );
    assert_eq!(
        node.labels,
        labels(&[("swarmlet.zone", "a"), (ACTIVATED, "i-1")])
    );
}

#[test]
fn only_what_ec2_says_of_the_nodes_own_address_counts() {
    let told = instance(&[]);
    let plan = |node: &NodeEntry, told: Option<&Instance>| next(node, told, ACTIVE);
    assert_eq!(plan(&joined(), None), Labelling::Waits);
    for address in [None, Some(ip(2))] {
        let node = NodeEntry {
            address,
            ..joined()
        };
        assert_eq!(plan(&node, Some(&told)), Labelling::Waits);
    }
    let nameless = NodeEntry {
        instance_id: None,
        ..joined()
    };
    assert_eq!(plan(&nameless, Some(&told)), Labelling::Waits);
    let ended = Instance {
        alive: false,
        ..told.clone()
    };
    assert_eq!(plan(&joined(), Some(&ended)), Labelling::Waits);
    let leaving = NodeEntry {
        labels: labels(&[(DEPARTING_LABEL, "0")]),
        ..joined()
    };
    assert_eq!(plan(&leaving, Some(&told)), Labelling::Settled);
    let mut tagless = Instance {
        tagged: false,
        role: None,
        ..told
    };
    assert_eq!(plan(&joined(), Some(&tagless)), Labelling::Waits);
    tagless.lasted = TAGLESS;
    assert!(matches!(
        plan(&joined(), Some(&tagless)),
        Labelling::Change(_)
    ));
}

#[test]
fn managers_availability_is_a_setting_and_a_persons_drain_stays() {
    let node = |role, availability| NodeEntry {
        role,
        availability,
        ..joined()
    };
    let told = instance(&[]);
    let Labelling::Change(change) = next(&node(Role::Manager, ACTIVE), Some(&told), DRAIN) else {
        panic!("a change");
    };
    assert_eq!(change.availability, Some(DRAIN));
    for (from, held, to, managers, expected) in [
        (Role::Worker, ACTIVE, Role::Manager, DRAIN, Some(DRAIN)),
        (Role::Manager, DRAIN, Role::Worker, DRAIN, Some(ACTIVE)),
        (Role::Manager, ACTIVE, Role::Worker, DRAIN, None),
        (Role::Worker, DRAIN, Role::Manager, ACTIVE, None),
        (Role::Worker, ACTIVE, Role::Manager, ACTIVE, None),
        (
            Role::Worker,
            Availability::Pause,
            Role::Manager,
            DRAIN,
            None,
        ),
    ] {
        assert_eq!(turned(&node(from, held), to, managers), expected);
    }
}

#[test]
fn a_manager_is_also_where_raft_knows_it() {
    let at = |n| NodeEntry {
        address: Some(ip(9)),
        manager: Some(ManagerEntry {
            address: (ip(n), 2377).into(),
            reachable: true,
            leader: true,
        }),
        ..joined()
    };
    let told = instance(&[]);
    let plan = |node: &NodeEntry| next(node, Some(&told), ACTIVE);
    assert!(matches!(plan(&at(1)), Labelling::Change(_)));
    assert_eq!(plan(&at(2)), Labelling::Waits);
    assert_eq!(at(1).seen_at(None), Some(ip(9)), "raft's word alone");
}

fn some_labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[a-c]|swarmlet\\.[a-c]", "[0-2]", 0..4)
}

proptest! {
    #[test]
    fn one_change_settles_and_a_persons_labels_stay(
        hand in prop::collection::btree_map("h[a-c]", "[0-2]", 0..3),
        first in some_labels(),
        then in some_labels(),
    ) {
        let mut node = NodeEntry { labels: hand.clone(), ..joined() };
        for tags in [first, then.clone()] {
            settle(&mut node, &Instance { labels: tags, ..instance(&[]) });
        }
        for (key, value) in &hand {
            prop_assert_eq!(node.labels.get(key), Some(value));
        }
        let tags = node.labels.iter().filter(|(k, _)| !k.starts_with(OWN) && !hand.contains_key(*k));
        let expected = then.iter().filter(|(k, _)| !k.starts_with(OWN));
        prop_assert!(tags.eq(expected));
    }
}
