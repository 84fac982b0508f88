//! Which nodes take part in raft: the leader promotes and demotes one at a time, by EC2's word.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::{Instance, Role, pace};

/// A departure that presses: what stands in its way is said aloud.
const PRESSING: u64 = 30;

/// A node of the swarm, as a manager's list shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Docker's id.
    pub id: String,
    /// Its role in the swarm now.
    pub role: Role,
    /// `ready` by its status and, if it is a manager, reachable in raft.
    pub healthy: bool,
    /// It is the leader: the node whose agent decides this.
    pub leader: bool,
    /// It is leaving, and until when it can wait (seconds since the Unix epoch, 0 where nothing presses).
    pub departing: Option<u64>,
    /// The instance id in its engine's labels.
    pub instance_id: Option<String>,
    /// Its address as the manager sees it.
    pub address: Option<IpAddr>,
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
    /// Make this manager a worker: it is leaving, or its tag says so.
    Demote(String),
}

/// Decides the next step. Two managers are worse than one, so nodes are promoted only when as many are
/// at hand as the next odd number needs; but nobody is demoted for the sake of an odd number, since
/// one more copy of raft's log is worth more. Who is to come goes before who is to go, and the last
/// manager stays whatever it is told.
pub fn next(nodes: &[Node], fleet: &BTreeMap<String, Instance>) -> Promotion {
    let managers: Vec<&Node> = nodes.iter().filter(|n| n.role == Role::Manager).collect();
    let leaving = going(&managers, fleet);
    let remaining = managers.len() - leaving.len();
    let candidates: Vec<&Node> = nodes.iter().filter(|n| eligible(n, fleet)).collect();
    let target = largest_odd(remaining + candidates.len());
    let promoted = candidates.first().filter(|_| remaining < target);
    let demoted = leaving.first().filter(|_| managers.len() > 1);
    let step = match (promoted, demoted) {
        (Some(node), _) => Promotion::Promote(node.id.clone()),
        (None, Some(node)) => Promotion::Demote(node.id.clone()),
        (None, None) => return Promotion::Settled,
    };
    if managers.iter().all(|m| m.healthy) {
        step
    } else {
        Promotion::Hold
    }
}

/// Managers whose time to leave has all but come, and which raft cannot do without.
pub fn refused(nodes: &[Node], now: u64) -> Vec<&Node> {
    let managers: Vec<&Node> = nodes.iter().filter(|n| n.role == Role::Manager).collect();
    if managers.len() > 1 && managers.iter().all(|m| m.healthy) {
        return Vec::new();
    }
    let is_near = |at: u64| at != 0 && at <= now.saturating_add(PRESSING);
    let pressed = managers.into_iter();
    pressed
        .filter(|m| m.departing.is_some_and(is_near))
        .collect()
}

/// Managers that are to be workers, in this order: those that leave, the soonest first, then those
/// that were given another role; the leader last, because raft stands still for seconds after.
fn going<'a>(managers: &[&'a Node], fleet: &BTreeMap<String, Instance>) -> Vec<&'a Node> {
    let goes = |n: &&&Node| n.departing.is_some() || is_demoted(n, fleet);
    let mut going: Vec<&Node> = managers.iter().filter(goes).copied().collect();
    let deadline = |n: &Node| match n.departing {
        Some(0) => (0, u64::MAX),
        Some(at) => (0, at),
        None => (1, 0),
    };
    going.sort_by_key(|n| (n.leader, deadline(n)));
    going
}

/// EC2 says in two answers that its role is another now. One may be late.
fn is_demoted(node: &Node, fleet: &BTreeMap<String, Instance>) -> bool {
    let instance = node.instance_id.as_ref().and_then(|id| fleet.get(id));
    node.healthy
        && instance.is_some_and(|i| {
            let said = i.role == Some(Role::Worker) && i.lasted >= pace::FLEET_GAP;
            i.alive && said && i.is_at(node.address)
        })
}

fn eligible(node: &Node, fleet: &BTreeMap<String, Instance>) -> bool {
    let instance = node.instance_id.as_ref().and_then(|id| fleet.get(id));
    node.role == Role::Worker
        && node.healthy
        && node.departing.is_none()
        && instance
            .is_some_and(|i| i.alive && i.role == Some(Role::Manager) && i.is_at(node.address))
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
