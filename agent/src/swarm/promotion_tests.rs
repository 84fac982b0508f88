use proptest::prelude::*;

use super::*;

fn node(n: u8, role: Role) -> Node {
    Node {
        id: format!("node{n}"),
        role,
        healthy: true,
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
            manager_of_this_cluster: true,
            private_ip: ip,
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
    worker.get_mut("i-1").unwrap().manager_of_this_cluster = false;
    let mut dead = all(3);
    dead.get_mut("i-1").unwrap().alive = false;
    let mut elsewhere = all(3);
    elsewhere.get_mut("i-1").unwrap().private_ip = Some(IpAddr::from([10, 0, 0, 99]));
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

proptest! {
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
