//! Which entry of the node list the leader takes away: those of nodes that are gone for good.
//!
//! A dead manager still counts for quorum, and the engine refuses to remove a manager: it is
//! demoted first. `unknown` is never `down`: every node is unknown after a change of leader.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::Fleet;

/// A node that looks dead has looked so this often, for this long.
pub const LOOKS: u32 = 3;
/// See [`LOOKS`].
pub const LASTED: Duration = Duration::from_mins(1);

/// A node that said itself that it leaves has been down for this long.
pub const DEPARTED: Duration = Duration::from_secs(15);

/// So many nodes at most in one step: EC2 takes 200 at once, and other chores wait meanwhile.
pub const AT_ONCE: usize = 100;

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
    /// It has said that it leaves for good.
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
    /// Take these dead nodes off the list.
    Remove(Vec<Removal>),
}

/// An entry that goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// Docker's id.
    pub id: String,
    /// It rests on EC2's word alone, so the brake counts it.
    pub braked: bool,
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

    /// The instance has joined again under another entry: this one is an older life of it.
    fn has_returned(&self, here: &BTreeSet<&str>) -> bool {
        let id = self.instance_id.as_deref();
        id.is_some_and(|id| here.contains(id))
    }
}

/// Decides the next step. `allowed` is what the brake leaves for removals now. The brake is for what
/// rests on EC2's word alone: it does not count a node that said itself that it leaves, nor an older
/// life of an instance that is here.
pub fn next(nodes: &[Entry], fleet: &Fleet, allowed: usize) -> Reaping {
    let down: Vec<&Entry> = nodes.iter().filter(|node| node.down.is_some()).collect();
    if down.is_empty() {
        return Reaping::Nothing;
    }
    let ready = nodes.iter().filter(|node| node.ready);
    let here: BTreeSet<&str> = ready.filter_map(|n| n.instance_id.as_deref()).collect();
    let long = |node: &&Entry| node.is_down_for(LASTED) || node.has_departed();
    let free = |node: &Entry| node.has_departed() || node.has_returned(&here);
    let ended = |node: &Entry| {
        node.instance_id
            .as_ref()
            .is_some_and(|id| fleet.is_gone(id))
    };
    let dead: Vec<&Entry> = down.iter().copied().filter(long).collect();
    let gone = dead
        .iter()
        .copied()
        .filter(|node| free(node) || ended(node));
    if let Some(manager) = gone.clone().find(|node| node.in_raft) {
        return Reaping::Demote(manager.id.clone());
    }
    let (unbraked, braked): (Vec<&Entry>, Vec<&Entry>) = gone.partition(|node| free(node));
    let removed = unbraked.iter().map(|node| removal(node, false));
    let removed = removed.chain(braked.iter().take(allowed).map(|node| removal(node, true)));
    let removed: Vec<Removal> = removed.take(AT_ONCE).collect();
    if !removed.is_empty() {
        return Reaping::Remove(removed);
    }
    let ids = dead.iter().filter_map(|node| node.instance_id.as_deref());
    let mut due = fleet.due(ids);
    due.truncate(AT_ONCE);
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

fn removal(node: &Entry, braked: bool) -> Removal {
    let id = node.id.clone();
    Removal { id, braked }
}

/// EC2 has said once that it is gone.
fn hopes(node: &Entry, fleet: &Fleet) -> bool {
    let id = node.instance_id.as_deref();
    id.is_some_and(|id| matches!(fleet.life(id), Some(crate::Life::Terminated)))
}

#[cfg(test)]
#[path = "reaping_tests.rs"]
mod tests;
