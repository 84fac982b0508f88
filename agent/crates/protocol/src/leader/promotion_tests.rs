use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;

use super::*;
use crate::leader::admission::Admission;
use crate::leader::{NO_TASKS, Records};
use crate::{Availability, Instances, ManagerEntry, Moment};
use std::time::Duration;

/// A node, by what matters here.
#[derive(Clone, Debug)]
struct Node {
    id: String,
    role: Role,
    healthy: bool,
    leader: bool,
    departing: Option<u64>,
    instance_id: Option<String>,
    address: Option<IpAddr>,
}

impl Node {
    fn entry(&self) -> NodeEntry {
        let manager = self.address.map(|ip| ManagerEntry {
            address: (ip, 2377).into(),
            reachable: self.healthy,
            leader: self.leader,
        });
        NodeEntry {
            id: self.id.clone(),
            created: None,
            role: self.role,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: self.healthy,
            down: false,
            instance_id: self.instance_id.clone(),
            asks_to_leave: self.departing,
            address: self.address,
            manager: manager.filter(|_| self.role == Role::Manager),
        }
    }
}

/// Each has written down that it is its instance.
fn recorded(nodes: &[Node]) -> Records {
    let now = Moment {
        up: Duration::ZERO,
        unix: 0,
        random: 0,
    };
    let mut records = Records::default();
    for node in nodes {
        if let Some(id) = &node.instance_id {
            records.learn(id, Ok(Some(node.id.clone())), now);
        }
    }
    records
}

fn of<T>(
    nodes: &[Node],
    fleet: &BTreeMap<String, Instance>,
    ask: impl FnOnce(&Candidates<'_>) -> T,
) -> T {
    let entries: Vec<NodeEntry> = nodes.iter().map(Node::entry).collect();
    let instances = Instances::that_are(fleet.clone());
    let seen = Snapshot {
        own: "i-1",
        admission: Admission::Enforce,
        nodes: &entries,
        instances: &instances,
        records: &recorded(nodes),
        tasks: NO_TASKS,
        epoch: None,
        now: Moment {
            up: Duration::from_hours(1),
            unix: 0,
            random: 0,
        },
    };
    ask(&Candidates::of(&seen, |_| false))
}

fn next(nodes: &[Node], fleet: &BTreeMap<String, Instance>) -> Promotion {
    of(nodes, fleet, super::next)
}

fn refused(nodes: &[Node], now: u64) -> Vec<String> {
    of(nodes, &all(9), |nodes| nodes.refused(now))
}

fn is_demoted(node: &Node, fleet: &BTreeMap<String, Instance>) -> bool {
    of(std::slice::from_ref(node), fleet, |nodes| {
        nodes.0.iter().any(Candidate::is_demoted)
    })
}

fn node(n: u8, role: Role) -> Node {
    Node {
        id: format!("node{n}"),
        role,
        healthy: true,
        leader: n == 0,
        departing: None,
        instance_id: Some(format!("i-{n}")),
        address: Some(IpAddr::from([10, 0, 0, n])),
    }
}

fn instance(n: u8) -> (String, Instance) {
    let ip = Some(IpAddr::from([10, 0, 0, n]));
    (
        format!("i-{n}"),
        Instance {
            alive: true,
            role: Some(Role::Manager),
            tagged: true,
            addresses: ip.map(IpNet::from).into_iter().collect(),
            ..Instance::default()
        },
    )
}

fn swarm(managers: u8, workers: u8) -> Vec<Node> {
    let role = |n| {
        if n < managers {
            Role::Manager
        } else {
            Role::Worker
        }
    };
    (0..managers + workers).map(|n| node(n, role(n))).collect()
}

fn all(count: u8) -> BTreeMap<String, Instance> {
    (0..count).map(instance).collect()
}

#[test]
fn a_second_manager_waits_for_a_third() {
    assert_eq!(next(&swarm(1, 0), &all(1)), Promotion::Settled);
    assert_eq!(next(&swarm(1, 1), &all(2)), Promotion::Settled);
    assert_eq!(
        next(&swarm(1, 2), &all(3)),
        Promotion::Promote("node1".into())
    );
    assert_eq!(
        next(&swarm(2, 1), &all(3)),
        Promotion::Promote("node2".into())
    );
    assert_eq!(next(&swarm(3, 1), &all(4)), Promotion::Settled);
}

#[test]
fn membership_does_not_change_while_a_manager_is_unhealthy() {
    let mut nodes = swarm(2, 1);
    nodes[1].healthy = false;
    assert_eq!(next(&nodes, &all(3)), Promotion::Hold);
}

#[test]
fn only_ec2s_word_makes_a_manager() {
    let nodes = swarm(1, 2);
    let mut worker = all(3);
    worker.get_mut("i-1").unwrap().role = Some(Role::Worker);
    let mut dead = all(3);
    dead.get_mut("i-1").unwrap().alive = false;
    let mut elsewhere = all(3);
    elsewhere.get_mut("i-1").unwrap().addresses = vec![IpNet::from(IpAddr::from([10, 0, 0, 99]))];
    let mut unknown = all(3);
    unknown.remove("i-1");
    for fleet in [worker, dead, elsewhere, unknown] {
        assert_eq!(next(&nodes, &fleet), Promotion::Settled);
    }
}

#[test]
fn a_node_that_claims_another_instances_id_is_not_promoted() {
    let mut nodes = swarm(1, 2);
    nodes[2].instance_id = Some("i-1".into());
    assert_eq!(next(&nodes, &all(3)), Promotion::Settled);
}

/// Its tag says worker since `secs` seconds ago.
fn retag(fleet: &mut BTreeMap<String, Instance>, n: u8, secs: u64) {
    let instance = fleet.get_mut(&format!("i-{n}")).unwrap();
    instance.role = Some(Role::Worker);
    instance.lasted = Duration::from_secs(secs);
}

#[test]
fn a_manager_whose_tag_says_worker_twice_is_demoted() {
    let mut fleet = all(3);
    retag(&mut fleet, 1, 9);
    assert_eq!(next(&swarm(3, 0), &fleet), Promotion::Settled, "one answer");
    retag(&mut fleet, 1, 10);
    assert_eq!(
        next(&swarm(3, 0), &fleet),
        Promotion::Demote("node1".into())
    );
    let mut nodes = swarm(3, 0);
    nodes[2].healthy = false;
    assert_eq!(next(&nodes, &fleet), Promotion::Hold);
    for spoil in [
        |i: &mut Instance| i.alive = false,
        |i: &mut Instance| i.role = None,
        |i: &mut Instance| i.addresses.clear(),
    ] {
        let mut fleet = fleet.clone();
        spoil(fleet.get_mut("i-1").unwrap());
        assert_eq!(next(&swarm(3, 0), &fleet), Promotion::Settled);
    }
}

#[test]
fn a_replacement_comes_before_its_forerunner_goes() {
    let mut fleet = all(4);
    retag(&mut fleet, 1, 60);
    let mut nodes = swarm(3, 1);
    assert_eq!(next(&nodes, &fleet), Promotion::Promote("node3".into()));
    nodes[3].role = Role::Manager;
    assert_eq!(next(&nodes, &fleet), Promotion::Demote("node1".into()));
}

#[test]
fn the_leader_goes_last_and_the_last_manager_stays() {
    let mut fleet = all(3);
    for n in 0..3 {
        retag(&mut fleet, n, 60);
    }
    assert_eq!(
        next(&swarm(3, 0), &fleet),
        Promotion::Demote("node1".into())
    );
    assert_eq!(next(&swarm(1, 0), &fleet), Promotion::Settled);
    let mut two = swarm(2, 0);
    retag(&mut fleet, 1, 0);
    two[0].departing = Some(0);
    assert_eq!(next(&two, &fleet), Promotion::Demote("node0".into()));
}

#[test]
fn who_leaves_is_no_candidate_and_goes_in_order_of_its_deadline() {
    let mut nodes = swarm(1, 2);
    nodes[2].departing = Some(0);
    assert_eq!(next(&nodes, &all(3)), Promotion::Settled);
    let mut nodes = swarm(5, 0);
    for (n, deadline) in [(1, 0), (2, 900), (3, 300)] {
        nodes[n].departing = Some(deadline);
    }
    assert_eq!(next(&nodes, &all(5)), Promotion::Demote("node3".into()));
    // A manager that leaves does not count in the odd number.
    let mut nodes = swarm(3, 1);
    nodes[1].departing = Some(0);
    assert_eq!(next(&nodes, &all(4)), Promotion::Promote("node3".into()));
}

#[test]
fn a_departure_that_raft_cannot_bear_is_refused_when_it_presses() {
    let mut nodes = swarm(3, 0);
    nodes[1].departing = Some(1_000);
    nodes[2].healthy = false;
    assert!(refused(&nodes, 969).is_empty());
    assert_eq!(refused(&nodes, 970), ["node1"]);
    nodes[2].healthy = true;
    assert!(refused(&nodes, 970).is_empty());
    let mut last = swarm(1, 3);
    last[0].departing = Some(1_000);
    assert_eq!(refused(&last, 990).len(), 1);
    last[0].departing = Some(0);
    assert!(refused(&last, 990).is_empty(), "nothing presses");
}

proptest! {
    /// Whatever the tags say and whoever leaves: it ends, with a manager, and never changes while one
    /// of them is not well.
    #[test]
    fn membership_settles(
        managers in 1_u8..6,
        workers in 0_u8..6,
        retagged in prop::collection::vec(any::<bool>(), 12),
        leaving in prop::collection::vec(any::<bool>(), 12),
        ill in prop::option::of(0_usize..6),
    ) {
        let mut fleet = all(managers + workers);
        let mut nodes = swarm(managers, workers);
        for n in 0..nodes.len() {
            if retagged[n] {
                retag(&mut fleet, u8::try_from(n).unwrap(), 60);
            }
            nodes[n].departing = leaving[n].then_some(0);
        }
        if let Some(node) = ill.and_then(|n| nodes.get_mut(n)).filter(|n| n.role == Role::Manager) {
            node.healthy = false;
            prop_assert!(matches!(next(&nodes, &fleet), Promotion::Hold | Promotion::Settled));
            return Ok(());
        }
        for _ in 0..30 {
            let (id, role) = match next(&nodes, &fleet) {
                Promotion::Promote(id) => (id, Role::Manager),
                Promotion::Demote(id) => (id, Role::Worker),
                Promotion::Settled => break,
                Promotion::Hold => unreachable!("all are well"),
            };
            let node = nodes.iter_mut().find(|n| n.id == id).unwrap();
            prop_assert_ne!(node.role, role);
            node.role = role;
            prop_assert!(nodes.iter().any(|n| n.role == Role::Manager));
        }
        prop_assert_eq!(next(&nodes, &fleet), Promotion::Settled);
        let left: Vec<_> = nodes.iter().filter(|n| n.role == Role::Manager).collect();
        let wrong = left.iter().filter(|n| n.departing.is_some() || is_demoted(n, &fleet)).count();
        prop_assert!(wrong == 0 || left.len() == 1);
    }

    #[test]
    fn promotion_ends_at_an_odd_count(managers in 1_u8..5, workers in 0_u8..8) {
        let fleet = all(managers + workers);
        let mut nodes = swarm(managers, workers);
        let mut steps = 0;
        while let Promotion::Promote(id) = next(&nodes, &fleet) {
            let promoted = nodes.iter_mut().find(|n| n.id == id).unwrap();
            prop_assert_eq!(promoted.role, Role::Worker);
            promoted.role = Role::Manager;
            steps += 1;
        }
        prop_assert!(steps <= workers);
        let count = nodes.iter().filter(|n| n.role == Role::Manager).count();
        prop_assert!(count % 2 == 1 || count == usize::from(managers));
    }
}

/// What a plan makes of the entry of its only node.
fn planned(step: &Promotion, node: NodeEntry) -> NodeChange {
    let epoch = Some(Epoch::FIRST);
    let plan = plan(step, &[node], epoch, Availability::Pause);
    match <[Change; 1]>::try_from(plan.changes) {
        Ok([Change::Entry { change, .. }]) => change,
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_role_comes_with_its_availability_and_the_epoch_of_a_promotion() {
    let id = || "node1".to_owned();
    let entry = |role, labels: &[&str]| NodeEntry {
        labels: labels
            .iter()
            .map(|key| ((*key).to_owned(), "1".to_owned()))
            .collect(),
        ..Node {
            id: id(),
            role,
            healthy: true,
            leader: false,
            departing: None,
            instance_id: None,
            address: None,
        }
        .entry()
    };
    let promoted = planned(&Promotion::Promote(id()), entry(Role::Worker, &[ACTIVATED]));
    assert_eq!(promoted.role, Some(Role::Manager));
    assert_eq!(promoted.availability, Some(Availability::Pause));
    assert_eq!(
        promoted.labels[PROMOTED_LABEL],
        Some(Epoch::FIRST.to_string())
    );
    // Who is not activated yet is given its availability then.
    let newcomer = planned(&Promotion::Promote(id()), entry(Role::Worker, &[]));
    assert_eq!(newcomer.availability, None);
    let manager = NodeEntry {
        availability: Availability::Pause,
        ..entry(Role::Manager, &[ACTIVATED])
    };
    let demoted = planned(&Promotion::Demote(id()), manager.clone());
    assert_eq!(demoted.availability, Some(Availability::Active));
    assert_eq!(demoted.labels[PROMOTED_LABEL], None);
    // Who leaves is drained, and stays so.
    let leaving = NodeEntry {
        asks_to_leave: Some(0),
        ..manager
    };
    let demoted = planned(&Promotion::Demote(id()), leaving);
    assert_eq!(demoted.availability, None);
}
