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

/// A node that said itself that it leaves has been down for this long.
pub const DEPARTED: Duration = Duration::from_secs(15);

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
    /// It has said that it leaves.
    pub departing: bool,
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

impl Entry {
    fn is_down_for(&self, time: Duration) -> bool {
        self.down
            .is_some_and(|(lasted, looks)| lasted >= time && looks >= LOOKS)
    }

    /// It said that it leaves, and is down: EC2 need not be asked.
    fn has_departed(&self) -> bool {
        self.departing && self.is_down_for(DEPARTED)
    }

    /// The brake is for what rests on EC2's word alone. It does not count a node that said itself
    /// that it leaves, nor an older life of an instance that is here.
    pub fn needs_no_brake(&self, nodes: &[Self]) -> bool {
        self.has_departed() || has_returned(self, nodes)
    }
}

/// Decides the next step. `allowed` is what the brake leaves for removals now.
pub fn next(nodes: &[Entry], fleet: &Fleet, allowed: usize) -> Reaping {
    let down: Vec<&Entry> = nodes.iter().filter(|node| node.down.is_some()).collect();
    let long = |node: &&&Entry| node.is_down_for(LASTED) || node.has_departed();
    let is_gone = |node: &&&Entry| {
        let id = node.instance_id.as_deref();
        let ended = id.is_some_and(|id| fleet.is_gone(id));
        ended || node.has_departed() || has_returned(node, nodes)
    };
    let dead: Vec<&&Entry> = down.iter().filter(long).collect();
    let gone: Vec<&&&Entry> = dead.iter().filter(|node| is_gone(node)).collect();
    if let Some(manager) = gone.iter().find(|node| node.in_raft) {
        return Reaping::Demote(manager.id.clone());
    }
    let free = |node: &&&&&Entry| allowed > 0 || node.needs_no_brake(nodes);
    if let Some(node) = gone.iter().find(free) {
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
