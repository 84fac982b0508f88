//! Which node the leader promotes next: one at a time, to odd counts, by EC2's word.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Role;

/// A node of the swarm, as a manager's list shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Docker's id.
    pub id: String,
    /// Its role in the swarm now.
    pub role: Role,
    /// `ready` by its status and, if it is a manager, reachable in raft.
    pub healthy: bool,
    /// The instance id in its engine's labels.
    pub instance_id: Option<String>,
    /// Its address as the manager sees it.
    pub address: Option<IpAddr>,
}

/// An instance by EC2's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Instance {
    /// Pending or running.
    pub alive: bool,
    /// Its `swarm:role` tag says manager, and its `swarm:cluster` tag names this cluster.
    pub manager_of_this_cluster: bool,
    /// Its private address.
    pub private_ip: Option<IpAddr>,
}

/// The next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Promotion {
    /// Nothing to do.
    Settled,
    /// A manager is not healthy: membership does not change until it is.
    Hold,
    /// Promote this node.
    Promote(String),
}

/// Decides the next promotion. Two managers are worse than one, so nodes are promoted only
/// when as many are at hand as the next odd number needs. A node may claim any instance
/// id: its address must be that instance's.
pub fn next(nodes: &[Node], fleet: &BTreeMap<String, Instance>) -> Promotion {
    let managers: Vec<&Node> = nodes.iter().filter(|n| n.role == Role::Manager).collect();
    let candidates: Vec<&Node> = nodes.iter().filter(|n| eligible(n, fleet)).collect();
    let target = largest_odd(managers.len() + candidates.len());
    let Some(first) = candidates.first().filter(|_| managers.len() < target) else {
        return Promotion::Settled;
    };
    if managers.iter().all(|m| m.healthy) {
        Promotion::Promote(first.id.clone())
    } else {
        Promotion::Hold
    }
}

fn eligible(node: &Node, fleet: &BTreeMap<String, Instance>) -> bool {
    let instance = node.instance_id.as_ref().and_then(|id| fleet.get(id));
    node.role == Role::Worker
        && node.healthy
        && instance.is_some_and(|i| {
            i.alive
                && i.manager_of_this_cluster
                && i.private_ip.is_some()
                && i.private_ip == node.address
        })
}

fn largest_odd(count: usize) -> usize {
    if count % 2 == 1 {
        count
    } else {
        count.saturating_sub(1)
    }
}

#[cfg(test)]
#[path = "promotion_tests.rs"]
mod tests;
