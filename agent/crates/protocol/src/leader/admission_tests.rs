use std::collections::BTreeMap;

use super::*;
use crate::leader::claims::Claims;
use crate::leader::labelling::ACTIVATED;
use crate::leader::{NO_TASKS, Records};
use crate::pace::FLEET_GAP;
use crate::{ClusterName, Facts, Here, Instances, Life, ManagerEntry, Reply, Told, tags};

const ACTIVE: Availability = Availability::Active;
const DRAIN: Availability = Availability::Drain;
const CLUSTER: &str = "c";

/// A leader, and what it has seen so far.
struct Leader {
    now: Moment,
    admission: Admission,
    instances: Instances,
    doubts: Doubts,
    records: Records,
    /// EC2 calls all of them managers.
    managers: bool,
    removable: usize,
}

impl Leader {
    fn new() -> Self {
        let now = Moment {
            up: Duration::from_hours(1),
            unix: 1_000_000,
            random: 0,
        };
        Self {
            now,
            admission: Admission::Enforce,
            instances: Instances::default(),
            doubts: Doubts::default(),
            records: Records::default(),
            managers: false,
            removable: 1,
        }
    }

    fn after(&mut self, time: Duration) {
        self.now.up += time;
        self.now.unix += time.as_secs();
    }

    /// EC2 knows i-0 to i-5, each at its own address, and is asked about these.
    fn hears(&mut self, ids: &[&str]) {
        let role = if self.managers { "manager" } else { "worker" };
        let told = |n: u8| Told {
            id: format!("i-{n}"),
            life: Life::Alive,
            addresses: vec![std::net::IpAddr::from([10, 0, 0, n]).into()],
            tags: [(tags::ROLE_TAG, role), (tags::CLUSTER_TAG, CLUSTER)]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            profile: None,
            facts: Facts::default(),
        };
        let known: Vec<Told> = (0..6).map(told).collect();
        let asked: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let cluster: ClusterName = CLUSTER.parse().unwrap();
        let reply = Reply {
            asked: &asked,
            known: &known,
            silent: &std::collections::BTreeSet::new(),
        };
        let here = Here {
            region: "",
            cluster: &cluster,
        };
        self.instances.learn(&reply, here, self.now);
    }

    fn decides(&mut self, nodes: &[NodeEntry]) -> Vec<Step> {
        let seen = Snapshot {
            own: "i-0",
            nodes,
            instances: &self.instances,
            records: &self.records,
            tasks: NO_TASKS,
            epoch: None,
            admission: self.admission,
            now: self.now,
        };
        let judged = Claims::of(&seen).judged();
        self.doubts.look(&judged, self.now);
        next(&seen, &judged, &self.doubts, || self.removable)
    }

    fn changes(&mut self, nodes: &[NodeEntry]) -> Vec<NodeChange> {
        let steps = self.decides(nodes).into_iter();
        let changes = steps.filter_map(|step| match step {
            Step::Refuse { change, .. } => Some(change),
            Step::Remove { .. } => None,
        });
        changes.collect()
    }

    fn steps(&mut self, nodes: &[NodeEntry]) -> Vec<String> {
        let steps = self.decides(nodes);
        let word = |step: &Step| match step {
            Step::Refuse { node, change, .. } => {
                let drains = change.availability.map_or("says", |_| "drains");
                format!("{drains} {}", node.id)
            }
            Step::Remove { node, braked } => {
                let counts = if *braked { "brakes" } else { "removes" };
                format!("{counts} {}", node.id)
            }
        };
        steps.iter().map(word).collect()
    }
}

/// It says that it is i-<number>, from that address.
fn node(number: u8, address: u8, availability: Availability) -> NodeEntry {
    NodeEntry {
        id: format!("n{number}"),
        created: None,
        role: Role::Worker,
        availability,
        labels: BTreeMap::new(),
        ready: true,
        down: false,
        instance_id: Some(format!("i-{number}")),
        asks_to_leave: None,
        address: Some([10, 0, 0, address].into()),
        manager: None,
    }
}

fn admitted(number: u8, address: u8) -> NodeEntry {
    NodeEntry {
        labels: [(ACTIVATED.to_owned(), format!("i-{number}"))].into(),
        ..node(number, address, ACTIVE)
    }
}

fn refused(node: NodeEntry, since: u64) -> NodeEntry {
    let refusal = Refusal {
        since,
        doubt: Doubt::OtherAddress,
        drained: true,
    };
    let mut node = NodeEntry {
        availability: DRAIN,
        ..node
    };
    node.labels
        .insert(ADMISSION_LABEL.to_owned(), refusal.to_string());
    node
}

#[test]
fn a_refusal_reads_as_it_was_written() {
    for drained in [false, true] {
        let refusal = Refusal {
            since: 7,
            doubt: Doubt::SecondClaim,
            drained,
        };
        assert_eq!(Refusal::parse(&refusal.to_string()), Some(refusal));
    }
    assert_eq!(Refusal::parse(""), None);
    assert_eq!(Refusal::parse("7 whatever"), None);
}

#[test]
fn who_takes_tasks_before_it_is_admitted_is_drained_at_once() {
    let mut leader = Leader::new();
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.steps(&[node(1, 9, ACTIVE)]), ["drains n1"]);
    let mut nameless = node(1, 1, ACTIVE);
    nameless.instance_id = None;
    assert_eq!(leader.steps(&[nameless]), ["drains n1"]);
    assert!(
        leader.steps(&[node(1, 1, ACTIVE)]).is_empty(),
        "it is who it says"
    );
    assert!(
        leader.steps(&[node(2, 9, ACTIVE)]).is_empty(),
        "EC2 was not asked yet"
    );
}

#[test]
fn who_joined_drained_or_was_admitted_is_refused_when_it_is_certain() {
    for (before, word) in [
        (node(1, 9, DRAIN), "says n1"),
        (admitted(1, 9), "drains n1"),
    ] {
        let mut leader = Leader::new();
        leader.hears(&["i-0", "i-1"]);
        assert!(leader.steps(std::slice::from_ref(&before)).is_empty());
        // Looks at one answer are one word, however long they go on.
        leader.after(CERTAIN);
        assert!(leader.steps(std::slice::from_ref(&before)).is_empty());
        leader.hears(&["i-0", "i-1"]);
        assert_eq!(leader.steps(&[before]), [word]);
    }
}

#[test]
fn a_claim_that_is_borne_out_once_is_certain_of_nothing() {
    let mut leader = Leader::new();
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(&[admitted(1, 9)]).is_empty());
    leader.after(FLEET_GAP);
    assert!(leader.steps(&[admitted(1, 1)]).is_empty());
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(&[admitted(1, 9)]).is_empty());
}

/// What one kind of doubt has shown for long makes no other certain: that takes answers of its own.
#[test]
fn one_late_answer_is_not_certain_because_another_doubt_has_lasted() {
    let mut leader = Leader::new();
    for _ in 0..3 {
        leader.hears(&["i-0", "i-7"]);
        assert!(
            leader.steps(&[admitted(7, 7)]).is_empty(),
            "EC2 does not know it"
        );
        leader.after(CERTAIN);
    }
    let elsewhere = NodeEntry {
        id: "n7".into(),
        ..admitted(1, 9)
    };
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(std::slice::from_ref(&elsewhere)).is_empty());
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.steps(&[elsewhere]), ["drains n7"]);
}

/// Its agent may be older than records. It is given no tasks, by the same change however often that is decided, and stays.
#[test]
fn who_is_not_on_record_takes_no_tasks_and_is_never_certainly_somebody_else() {
    let mut leader = Leader::new();
    leader.managers = true;
    leader.hears(&["i-0", "i-1"]);
    leader.records.learn("i-1", Ok(None), leader.now);
    let first = leader.changes(&[node(1, 1, ACTIVE)]);
    assert_eq!(first.len(), 1);
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.changes(&[node(1, 1, ACTIVE)]), first);
    leader.after(Duration::from_secs(2 * REMOVED_AFTER));
    leader.hears(&["i-0", "i-1"]);
    let said = refused(node(1, 1, DRAIN), 0);
    assert!(leader.steps(&[said, node(1, 1, DRAIN)]).is_empty());
    assert!(leader.steps(&[admitted(1, 1)]).is_empty());
    assert!(!leader.doubts.has("n1"), "EC2 need not be asked");
}

#[test]
fn that_ec2_does_not_know_who_was_admitted_has_to_last() {
    let mut leader = Leader::new();
    let node = admitted(7, 7);
    for _ in 0..19 {
        leader.hears(&["i-0", "i-7"]);
        assert!(leader.steps(std::slice::from_ref(&node)).is_empty());
        leader.after(CERTAIN);
    }
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-7"]);
    assert_eq!(leader.steps(&[node]), ["drains n7"]);
}

#[test]
fn it_is_removed_after_ten_minutes_and_only_on_a_fresh_word() {
    let mut leader = Leader::new();
    let since = leader.now.unix;
    let nodes = [refused(node(1, 9, DRAIN), since)];
    leader.after(Duration::from_secs(REMOVED_AFTER - 31));
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(&nodes).is_empty());
    leader.after(Duration::from_secs(30));
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(&nodes).is_empty(), "not yet");
    leader.after(Duration::from_secs(1));
    assert_eq!(leader.steps(&nodes), ["removes n1"]);
    // Another leader has to hear it for itself.
    let mut next = Leader::new();
    next.after(Duration::from_secs(REMOVED_AFTER));
    assert!(next.steps(&nodes).is_empty());
    next.hears(&["i-0", "i-1"]);
    assert!(next.steps(&nodes).is_empty());
}

#[test]
fn only_a_few_of_those_that_were_admitted_are_drained_and_removed_at_a_time() {
    let mut leader = Leader::new();
    let nodes: Vec<NodeEntry> = (1..5).map(|n| admitted(n, 9)).collect();
    let ids = ["i-0", "i-1", "i-2", "i-3", "i-4"];
    leader.hears(&ids);
    assert!(leader.steps(&nodes).is_empty());
    leader.after(CERTAIN);
    leader.hears(&ids);
    assert_eq!(leader.steps(&nodes), ["drains n1"]);
    let mut nodes = nodes;
    nodes[0] = refused(nodes[0].clone(), leader.now.unix);
    assert!(leader.steps(&nodes).is_empty(), "one of four");
    leader.after(Duration::from_secs(REMOVED_AFTER));
    leader.removable = 0;
    assert!(leader.steps(&nodes).is_empty(), "the brake");
    leader.removable = 1;
    assert_eq!(leader.steps(&nodes), ["brakes n1"]);
    // Strangers are as many as they like.
    let strangers: Vec<NodeEntry> = (1..5).map(|n| node(n, 9, ACTIVE)).collect();
    assert_eq!(leader.steps(&strangers).len(), 4);
}

#[test]
fn where_it_is_only_to_be_observed_it_is_only_said() {
    let mut leader = Leader::new();
    leader.admission = Admission::Observe;
    leader.hears(&["i-0", "i-1"]);
    assert!(leader.steps(&[node(1, 9, ACTIVE)]).is_empty());
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.steps(&[node(1, 9, ACTIVE)]), ["says n1"]);
    leader.after(Duration::from_secs(2 * REMOVED_AFTER));
    let said = refused(node(1, 9, ACTIVE), 0);
    assert!(leader.steps(&[said]).is_empty());
}

#[test]
fn of_a_member_of_raft_it_is_only_said_and_one_that_raft_does_not_know_is_a_worker_again() {
    let mut leader = Leader::new();
    let mut manager = admitted(1, 9);
    manager.role = Role::Manager;
    let mut outside = NodeEntry {
        id: "out".into(),
        ..manager.clone()
    };
    outside.labels.clear();
    manager.manager = Some(ManagerEntry {
        address: ([10, 0, 0, 9], 2377).into(),
        reachable: true,
        leader: false,
    });
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.steps(&[manager.clone(), outside]), ["drains out"]);
    leader.after(CERTAIN);
    leader.hears(&["i-0", "i-1"]);
    assert_eq!(leader.steps(std::slice::from_ref(&manager)), ["says n1"]);
    let said = NodeEntry {
        availability: ACTIVE,
        ..refused(manager, 0)
    };
    assert!(leader.steps(&[said]).is_empty());
}
