//! When the tasks of nodes that leave are moved elsewhere.
//!
//! Docker stops a drained node's task before its replacement runs. Draining all nodes that leave at
//! once would stop all replicas of a service that happen to be on them, so they take turns. Those that
//! wait for theirs are paused, or the tasks of the first would move to the next.

use std::time::Duration;

use crate::Availability;

/// One ready node in this many may be losing its tasks at a time, at least one. Those that are down carry none, and the
/// leader takes them off the list in the same round.
pub const SHARE: usize = 5;
/// Whose deadline is nearer than this does not wait for its turn (in seconds).
pub const PRESSING: u64 = 120;

/// A manager that has marked its entry and was demoted says by its engine that it leaves: after a restart
/// of its agent, and the longest gap between two tries, it has said so by then.
pub const SILENT: Duration = Duration::from_mins(2);

/// By whose word the leader has drained a node, as its entry has it on record: a drain without a
/// record is a person's.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DrainedFor {
    /// The node's engine asks to leave.
    Asked,
    /// The node's entry was marked by the node itself, a manager.
    Marked,
}

impl DrainedFor {
    /// The word on record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Marked => "marked",
        }
    }

    /// Reads the record.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Asked, Self::Marked]
            .into_iter()
            .find(|known| known.as_str() == word)
    }
}

/// A node of the swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    /// Docker's id.
    pub id: String,
    /// Its state is `ready`.
    pub ready: bool,
    /// Whether it is given tasks.
    pub availability: Availability,
    /// Its engine asks to leave, and until when it can wait (seconds since the Unix epoch, 0 where
    /// nothing presses).
    pub asks: Option<u64>,
    /// Its entry says so.
    pub marked: Option<u64>,
    /// It has been a worker for [`SILENT`], ready, and its engine has not said what its entry says.
    pub silent: bool,
    /// The record of the leader's drain.
    pub drained_for: Option<DrainedFor>,
    /// How many tasks run on it.
    pub tasks: usize,
}

/// What the leader does about one node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Draining {
    /// Drain it, on record.
    Drain(DrainedFor),
    /// Give it no more tasks until its turn comes, on record: what others lose would land on it.
    Pause(DrainedFor),
    /// Note that its engine asks for it as well.
    Note,
    /// It stays after all: activate it, and take the records away.
    Undo,
}

/// Decides what to do about which nodes now. `starting` is how many tasks of the swarm are to run and do
/// not yet: the tasks that the last drained node has lost are among them, from the moment on at which
/// they were told to end. Until that moment they run there, and it counts as losing them.
pub fn next(nodes: &[Node], starting: usize, now: u64) -> Vec<(&Node, Draining)> {
    let mut steps: Vec<(&Node, Draining)> = Vec::new();
    steps.extend(
        nodes
            .iter()
            .filter(|n| n.is_late_to_ask())
            .map(|n| (n, Draining::Note)),
    );
    steps.extend(
        nodes
            .iter()
            .filter(|n| n.stays())
            .map(|n| (n, Draining::Undo)),
    );
    let drained = drains(nodes, starting, now);
    let waits = |n: &&Node| n.is_due() && !drained.iter().any(|other| other.id == n.id);
    let paused = nodes.iter().filter(waits).filter(|n| n.is_active());
    steps.extend(paused.map(|n| (n, Draining::Pause(n.reason()))));
    steps.extend(drained.iter().map(|&n| (n, Draining::Drain(n.reason()))));
    steps
}

/// Who is losing tasks, or waits for that.
pub fn under_way(nodes: &[Node]) -> impl Iterator<Item = &Node> {
    let waits = |n: &&Node| n.ready && n.departing().is_some() && (!n.is_drained() || n.tasks > 0);
    nodes.iter().filter(waits)
}

/// Who has no tasks loses none, who is in a hurry goes at once; the others go by their deadlines.
fn drains(nodes: &[Node], starting: usize, now: u64) -> Vec<&Node> {
    let losing = |n: &&Node| n.ready && n.departing().is_some() && n.is_drained() && n.tasks > 0;
    let busy = nodes.iter().filter(losing).count();
    let ready = nodes.iter().filter(|n| n.ready).count();
    let free = (ready / SHARE).max(1).saturating_sub(busy);
    let free = if starting > 0 { 0 } else { free };
    let due = nodes.iter().filter(|n| n.is_due());
    let (mut at_once, mut turns): (Vec<&Node>, Vec<&Node>) =
        due.partition(|n| n.tasks == 0 || n.presses(now));
    turns.sort_by_key(|n| n.departing().filter(|at| *at != 0).unwrap_or(u64::MAX));
    at_once.extend(turns.into_iter().take(free));
    at_once
}

impl Node {
    fn departing(&self) -> Option<u64> {
        self.asks.or(self.marked)
    }

    fn is_drained(&self) -> bool {
        self.availability == Availability::Drain
    }

    fn is_active(&self) -> bool {
        self.availability == Availability::Active
    }

    fn is_due(&self) -> bool {
        self.ready && self.departing().is_some() && !self.is_drained()
    }

    fn presses(&self, now: u64) -> bool {
        self.departing()
            .is_some_and(|at| at != 0 && at <= now.saturating_add(PRESSING))
    }

    fn reason(&self) -> DrainedFor {
        match self.asks {
            Some(_) => DrainedFor::Asked,
            None => DrainedFor::Marked,
        }
    }

    /// Also one that has drained itself, as a manager, and of which no leader has a record.
    fn is_late_to_ask(&self) -> bool {
        let by_itself = self.drained_for.is_none() && self.marked.is_some() && self.is_drained();
        self.asks.is_some() && (self.drained_for == Some(DrainedFor::Marked) || by_itself)
    }

    /// Those by whose word it was drained do not say so any more. A manager that was demoted meanwhile
    /// cannot take its own mark away: its engine's word counts, also that it says nothing.
    fn stays(&self) -> bool {
        let over = match self.drained_for {
            None => self.silent && self.marked.is_some(),
            Some(DrainedFor::Asked) => self.asks.is_none(),
            Some(DrainedFor::Marked) => self.departing().is_none() || self.silent,
        };
        self.ready && over
    }
}

#[cfg(test)]
#[path = "draining_tests.rs"]
mod tests;
