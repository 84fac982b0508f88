use std::collections::BTreeMap;
use std::net::IpAddr;

use super::*;
use crate::labels::ADMISSION_LABEL;
use crate::leader::labelling::ACTIVATED;
use crate::leader::{NO_TASKS, Records};
use crate::{Availability, Instance, Instances, Life, ManagerEntry, Role, Span, Whereabouts};

const NOW: Moment = Moment {
    up: Duration::from_hours(1),
    unix: 0,
    random: 0,
};

/// An entry, by what matters here.
#[derive(Clone)]
struct Entry {
    id: String,
    in_raft: bool,
    ready: bool,
    down: Option<(Duration, u32)>,
    departing: bool,
    instance_id: Option<String>,
    address: Option<IpAddr>,
}

impl Entry {
    fn node(&self) -> NodeEntry {
        let manager = ManagerEntry {
            address: ([10, 0, 0, 1], 2377).into(),
            reachable: self.ready,
            leader: false,
        };
        NodeEntry {
            id: self.id.clone(),
            created: None,
            role: if self.in_raft {
                Role::Manager
            } else {
                Role::Worker
            },
            availability: Availability::Active,
            labels: [(ACTIVATED.to_owned(), "i-1".to_owned())].into(),
            ready: self.ready,
            down: self.down.is_some(),
            instance_id: self.instance_id.clone(),
            asks_to_leave: self.departing.then_some(1_800_000_000),
            address: self.address,
            manager: self.in_raft.then_some(manager),
        }
    }
}

fn there(address: IpAddr) -> Instance {
    Instance {
        alive: true,
        addresses: vec![address.into()],
        ..Instance::default()
    }
}

/// So much is left of the brake.
fn downtimes(entries: &[Entry], allowed: usize) -> Downtimes {
    let mut downtimes = Downtimes::default();
    for (entry, (lasted, looks)) in entries.iter().filter_map(|e| Some((e, e.down?))) {
        let mut seen = Series::new((), NOW);
        seen.retime(|_| Span {
            first: NOW.ago(lasted),
            last: NOW.stamp(),
            looks,
        });
        downtimes.down.insert(entry.id.clone(), seen);
    }
    let full = (entries.len() / SHARE).max(1);
    downtimes.removed = vec![NOW.stamp(); full.saturating_sub(allowed)];
    downtimes
}

fn next(entries: &[Entry], fleet: &Fleet, allowed: usize) -> Reaping {
    let downtimes = downtimes(entries, allowed);
    let nodes: Vec<NodeEntry> = entries.iter().map(Entry::node).collect();
    // Each instance has an address of its own.
    let here = (0..10).map(|n| (format!("i-{n}"), there([10, 0, 0, n].into())));
    let instances = Instances::that_are(here.collect()).with_lives(fleet, NOW);
    next_of("i-1", Admission::Enforce, &nodes, &instances, &downtimes)
}

fn next_of(
    own: &str,
    admission: Admission,
    nodes: &[NodeEntry],
    instances: &Instances,
    downtimes: &Downtimes,
) -> Reaping {
    let seen = Snapshot {
        own,
        admission,
        nodes,
        instances,
        records: &Records::default(),
        tasks: NO_TASKS,
        epoch: None,
        now: NOW,
    };
    super::next(&seen, downtimes)
}

fn node(n: u8, role: Role) -> Entry {
    Entry {
        id: format!("node{n}"),
        in_raft: role == Role::Manager,
        ready: true,
        down: None,
        departing: false,
        instance_id: Some(format!("i-{n}")),
        address: Some([10, 0, 0, n].into()),
    }
}

fn dead(n: u8, role: Role) -> Entry {
    Entry {
        ready: false,
        down: Some((LASTED, LOOKS)),
        ..node(n, role)
    }
}

fn fleet(words: &[(u8, Life)]) -> Fleet {
    let seen = |life| Whereabouts {
        life,
        age: Duration::ZERO,
        looks: 2,
        lasted: Duration::from_secs(10),
    };
    let words = words
        .iter()
        .map(|(n, life)| (format!("i-{n}"), seen(*life)));
    Fleet(words.collect::<BTreeMap<_, _>>())
}

fn removed(ids: &[&str], braked: bool) -> Reaping {
    let ids = ids.iter().map(|id| (*id).to_owned());
    Reaping::Remove(ids.map(|id| Removal { id, braked }).collect())
}

#[test]
fn a_dead_manager_is_demoted_and_then_removed() {
    let gone = fleet(&[(1, Life::Terminated)]);
    let mut nodes = vec![node(0, Role::Manager), dead(1, Role::Manager)];
    assert_eq!(next(&nodes, &gone, 1), Reaping::Demote("node1".into()));
    nodes[1].in_raft = false;
    assert_eq!(next(&nodes, &gone, 1), removed(&["node1"], true));
    assert_eq!(next(&nodes, &gone, 0), Reaping::Look(AGAIN), "the brake");
}

#[test]
fn a_manager_that_a_forced_cluster_left_behind_is_removed_at_once() {
    let gone = fleet(&[(1, Life::Terminated), (2, Life::Terminated)]);
    let left_behind = |n| Entry {
        in_raft: false,
        ..dead(n, Role::Manager)
    };
    let nodes = [
        node(0, Role::Manager),
        left_behind(1),
        dead(2, Role::Manager),
    ];
    assert_eq!(next(&nodes, &gone, 1), Reaping::Demote("node2".into()));
    assert_eq!(next(&nodes[..2], &gone, 1), removed(&["node1"], true));
}

#[test]
fn a_node_that_is_merely_down_is_kept() {
    let nodes = vec![node(0, Role::Manager), dead(1, Role::Worker)];
    assert_eq!(
        next(&nodes, &fleet(&[]), 1),
        Reaping::Ask(vec!["i-1".into()])
    );
    for life in [Life::Alive, Life::Stopped, Life::Absent] {
        assert_eq!(next(&nodes, &fleet(&[(1, life)]), 1), Reaping::Nothing);
    }
}

#[test]
fn a_node_has_to_be_down_for_a_while() {
    let gone = fleet(&[(1, Life::Terminated)]);
    for down in [Some((LASTED, LOOKS - 1)), Some((Duration::ZERO, LOOKS))] {
        let young = Entry {
            down,
            ..dead(1, Role::Worker)
        };
        let nodes = vec![node(0, Role::Manager), young];
        assert_eq!(next(&nodes, &gone, 1), Reaping::Look(AGAIN));
    }
    // Unknown is not down.
    let unknown = Entry {
        ready: false,
        ..node(1, Role::Worker)
    };
    assert_eq!(next(&[unknown], &gone, 1), Reaping::Nothing);
}

#[test]
fn an_older_life_of_an_instance_that_joined_again_goes_too() {
    let mut old = dead(1, Role::Worker);
    old.id = "older".into();
    let nodes = vec![node(0, Role::Manager), old, node(1, Role::Worker)];
    // The brake does not count it: its instance is here.
    for allowed in [0, 1] {
        let next = next(&nodes, &fleet(&[]), allowed);
        assert_eq!(next, removed(&["older"], false));
    }
}

#[test]
fn nobody_is_an_older_life_by_another_nodes_word_alone() {
    let mut old = dead(1, Role::Worker);
    old.id = "older".into();
    // It says that it is i-1, and is somewhere else.
    let mut stranger = node(1, Role::Worker);
    stranger.address = Some([10, 0, 9, 9].into());
    let nodes = vec![node(0, Role::Manager), old, stranger];
    assert_eq!(
        next(&nodes, &fleet(&[]), 1),
        Reaping::Ask(vec!["i-1".into()])
    );
    assert_eq!(
        next(&nodes, &fleet(&[(1, Life::Alive)]), 1),
        Reaping::Nothing
    );
}

#[test]
fn who_was_never_admitted_goes_when_it_was_refused_or_is_down_for_long() {
    let rule = |refused: bool, minutes: u64, admitted: bool, admission: Admission| {
        let mut stranger = dead(1, Role::Worker);
        stranger.down = Some((Duration::from_mins(minutes), LOOKS));
        stranger.instance_id = None;
        let mut nodes: Vec<NodeEntry> = [node(0, Role::Manager), stranger.clone()]
            .iter()
            .map(Entry::node)
            .collect();
        if !admitted {
            nodes[1].labels.clear();
        }
        if refused {
            let label = (ADMISSION_LABEL.to_owned(), "1 no-instance".to_owned());
            nodes[1].labels.extend([label]);
        }
        let downtimes = downtimes(&[node(0, Role::Manager), stranger], 0);
        next_of("i-0", admission, &nodes, &Instances::default(), &downtimes)
    };
    let goes = removed(&["node1"], false);
    assert_eq!(rule(true, 1, false, Admission::Enforce), goes);
    assert_eq!(rule(false, 10, false, Admission::Enforce), goes);
    for (refused, minutes, admitted, admission) in [
        (false, 9, false, Admission::Enforce),
        (true, 60, true, Admission::Enforce),
        (true, 60, false, Admission::Observe),
    ] {
        assert_eq!(
            rule(refused, minutes, admitted, admission),
            Reaping::Nothing
        );
    }
}

#[test]
fn who_said_that_it_leaves_is_taken_at_its_word() {
    let left = |role, down| Entry {
        departing: true,
        down,
        ..dead(1, role)
    };
    let next = |entry, allowed| {
        let nodes = [node(0, Role::Manager), entry];
        super::tests::next(&nodes, &fleet(&[(1, Life::Alive)]), allowed)
    };
    let long = Some((DEPARTED, LOOKS));
    // The brake does not count it, and EC2 is not asked.
    assert_eq!(
        next(left(Role::Worker, long), 0),
        removed(&["node1"], false)
    );
    assert_eq!(
        next(left(Role::Manager, long), 0),
        Reaping::Demote("node1".into())
    );
    for down in [
        Some((DEPARTED, LOOKS - 1)),
        Some((Duration::from_secs(14), LOOKS)),
    ] {
        assert_eq!(
            next(left(Role::Worker, down), 1),
            Reaping::Look(DEPARTED_AGAIN)
        );
    }
    let silent = Entry {
        down: None,
        ..left(Role::Worker, None)
    };
    assert_eq!(next(silent, 1), Reaping::Nothing, "unknown is not down");
}

#[test]
fn many_go_at_once_as_far_as_the_brake_allows_it() {
    let terminated: Vec<_> = (1..=4).map(|n| (n, Life::Terminated)).collect();
    let gone = fleet(&terminated);
    let mut nodes = vec![node(0, Role::Manager)];
    nodes.extend((1..=4).map(|n| dead(n, Role::Worker)));
    nodes.extend((5..10).map(|n| node(n, Role::Worker)));
    assert_eq!(next(&nodes, &gone, 2), removed(&["node1", "node2"], true));
    for node in &mut nodes[3..5] {
        node.departing = true;
    }
    assert_eq!(next(&nodes, &gone, 0), removed(&["node3", "node4"], false));
}

#[test]
fn no_more_are_asked_about_than_ec2_takes() {
    let mut nodes = vec![node(0, Role::Manager)];
    nodes.extend((1..=250).map(|n| dead(n, Role::Worker)));
    let Reaping::Ask(ids) = next(&nodes, &fleet(&[]), 1) else {
        panic!("a question");
    };
    assert_eq!(ids.len(), AT_ONCE);
}

#[test]
fn rafts_members_change_only_while_the_ticket_is_right_and_others_go_all_the_same() {
    let demote = || Reaping::Demote("node1".into());
    assert_eq!(demote().planned(false), Plan::look(AGAIN));
    let demoted = vec![Change::demoted("node1".into())];
    let plan = Plan::in_turn(demoted, Duration::ZERO);
    assert_eq!(demote().planned(true), plan);
    let gone = removed(&["node1", "node2"], true).planned(false);
    assert_eq!((gone.changes.len(), gone.in_turn), (2, true));
}

/// Those that are asked about now are not all.
#[test]
fn ec2_is_asked_again_at_once_where_there_are_more() {
    let ask = |count: usize| Reaping::Ask(vec!["i-1".into(); count]).planned(true);
    assert_eq!(ask(AT_ONCE).again, Some(Duration::ZERO));
    assert_eq!(ask(AT_ONCE - 1).again, Some(AGAIN));
}
