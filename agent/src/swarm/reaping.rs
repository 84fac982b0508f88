//! Which entry of the node list the leader takes away: those of nodes that are gone for good.
//!
//! A dead manager still counts for quorum, and the engine refuses to remove a manager: it is
//! demoted first. `unknown` is never `down`: every node is unknown after a change of leader.

use std::time::Duration;

use super::Fleet;

/// A node that looks dead has looked so this often, for this long.
pub const LOOKS: u32 = 3;
/// See [`LOOKS`].
pub const LASTED: Duration = Duration::from_mins(1);

/// An entry of the node list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Docker's id.
    pub id: String,
    /// Raft counts it: the engine does not remove it before it is demoted. A forced cluster leaves
    /// managers behind that raft does not count, which the engine removes and does not demote.
    pub in_raft: bool,
    /// Its state is `ready`.
    pub ready: bool,
    /// For how long, and in how many looks, its state has been `down`.
    pub down: Option<(Duration, u32)>,
    /// The instance id in its engine's labels.
    pub instance_id: Option<String>,
}

/// The next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reaping {
    /// Nothing to do.
    Nothing,
    /// Look again soon: a node is down and has not been for long enough.
    Watch,
    /// Ask EC2 about these instances.
    Ask(Vec<String>),
    /// Make this dead manager a worker: raft no longer counts it.
    Demote(String),
    /// Take this dead node off the list.
    Remove(String),
}

/// Decides the next step. `allowed` is what the brake leaves for removals now.
pub fn next(nodes: &[Entry], fleet: &Fleet, allowed: usize) -> Reaping {
    let down: Vec<&Entry> = nodes.iter().filter(|node| node.down.is_some()).collect();
    let long = |node: &&&Entry| {
        node.down
            .is_some_and(|(lasted, looks)| lasted >= LASTED && looks >= LOOKS)
    };
    let is_gone = |node: &&&Entry| {
        let id = node.instance_id.as_deref();
        id.is_some_and(|id| fleet.is_gone(id)) || has_returned(node, nodes)
    };
    let dead: Vec<&&Entry> = down.iter().filter(long).collect();
    let gone: Vec<&&&Entry> = dead.iter().filter(|node| is_gone(node)).collect();
    if let Some(manager) = gone.iter().find(|node| node.in_raft) {
        return Reaping::Demote(manager.id.clone());
    }
    if let Some(node) = gone.first().filter(|_| allowed > 0) {
        return Reaping::Remove(node.id.clone());
    }
    let ids = dead.iter().filter_map(|node| node.instance_id.as_deref());
    let due = fleet.due(ids);
    if !due.is_empty() {
        return Reaping::Ask(due);
    }
    // Stopped instances and those without an id stay; there is nothing to hurry for.
    let waits = down.len() > dead.len() || dead.iter().any(|node| hopes(node, fleet));
    if waits {
        Reaping::Watch
    } else {
        Reaping::Nothing
    }
}

/// The instance has joined again under another entry: this one is an older life of it.
fn has_returned(old: &Entry, nodes: &[Entry]) -> bool {
    nodes.iter().any(|node| {
        node.ready
            && node.id != old.id
            && node.instance_id.is_some()
            && node.instance_id == old.instance_id
    })
}

/// EC2 has said once that it is gone.
fn hopes(node: &Entry, fleet: &Fleet) -> bool {
    let id = node.instance_id.as_deref();
    id.is_some_and(|id| matches!(fleet.life(id), Some(super::Life::Terminated)))
}

#[cfg(test)]
#[path = "reaping_tests.rs"]
mod tests;
