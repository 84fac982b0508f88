//! Which entry of the node list the leader takes away: those of nodes that are gone for good.
//!
//! A dead manager still counts for quorum, and the engine refuses to remove a manager: it is
//! demoted first. `unknown` is never `down`: every node is unknown after a change of leader.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::leader::admission::{Admission, REMOVED_AFTER};
use crate::leader::claims::Claims;
use crate::leader::{Change, Plan, SHARE, Snapshot};
use crate::{Fleet, Life, Moment, NodeEntry, Role, Series, Stamp, pace};

/// A node that looks dead has looked so this often, for this long.
pub const LOOKS: u32 = 3;
/// See [`LOOKS`].
pub const LASTED: Duration = Duration::from_mins(1);

/// A node that said itself that it leaves has been down for this long.
pub const DEPARTED: Duration = Duration::from_secs(15);

/// So many nodes at most in one step: EC2 takes 200 at once, and other chores wait meanwhile.
pub const AT_ONCE: usize = 100;

/// Nothing tells that a node stays down: it is looked at again after this long.
pub const AGAIN: Duration = Duration::from_secs(15);
/// One that said that it leaves, sooner.
const DEPARTED_AGAIN: Duration = Duration::from_secs(5);
/// The brake: one node in [`SHARE`] may be removed in this time.
const WINDOW: Duration = Duration::from_mins(5);

/// What a leader has seen of nodes that are down, and what it has removed lately.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Downtimes {
    down: BTreeMap<String, Series<()>>,
    removed: Vec<Stamp>,
}

impl Downtimes {
    /// Notes who is down now.
    pub fn look(&mut self, nodes: &[NodeEntry], now: Moment) {
        let mut before = std::mem::take(&mut self.down);
        for node in nodes.iter().filter(|node| node.down) {
            let mut seen = before.remove(&node.id);
            Series::see(&mut seen, (), |(), ()| true, pace::SERIES, now);
            self.down.extend(seen.map(|seen| (node.id.clone(), seen)));
        }
    }

    /// Notes that an entry was removed on EC2's word alone.
    pub fn braked(&mut self, now: Moment) {
        self.removed.retain(|at| at.age(now) <= WINDOW);
        self.removed.push(now.stamp());
    }

    /// How many of these nodes the brake leaves for removals now.
    pub fn allowed(&self, nodes: &[NodeEntry], now: Moment) -> usize {
        // Those that came by themselves do not loosen it.
        let nodes = nodes.iter().filter(|node| node.was_admitted()).count();
        let lately = self.removed.iter().filter(|at| at.age(now) <= WINDOW);
        (nodes / SHARE).max(1).saturating_sub(lately.count())
    }

    fn is_down_for(&self, node: &NodeEntry, time: Duration) -> bool {
        let seen = self.down.get(&node.id);
        seen.is_some_and(|seen| seen.lasted() >= time && seen.looks() >= LOOKS)
    }

    /// It said that it leaves, and is down: EC2 need not be asked.
    fn has_departed(&self, node: &NodeEntry) -> bool {
        node.goes() && self.is_down_for(node, DEPARTED)
    }
}

/// The next step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reaping {
    /// Nothing to do.
    Nothing,
    /// Look again after this long: a node is down and has not been for long enough.
    Look(Duration),
    /// Ask EC2 about these instances.
    Ask(Vec<String>),
    /// Make this dead manager a worker: raft no longer counts it.
    Demote(String),
    /// Take these dead nodes off the list.
    Remove(Vec<Removal>),
}

impl Reaping {
    /// The same as a plan. Raft's members change only while the ticket is `published`.
    fn planned(self, published: bool) -> Plan {
        match self {
            Self::Nothing => Plan::default(),
            Self::Look(again) => Plan::look(again),
            Self::Ask(asks) => {
                let more = asks.len() == AT_ONCE;
                Plan {
                    asks,
                    ..Plan::look(if more { Duration::ZERO } else { AGAIN })
                }
            }
            Self::Demote(_) if !published => Plan::look(AGAIN),
            Self::Demote(id) => Plan::in_turn(vec![Change::demoted(id)], Duration::ZERO),
            Self::Remove(removals) => {
                let changes = removals.into_iter().map(|removal| Change::Remove {
                    node: removal.id,
                    is_stranger: false,
                    braked: removal.braked,
                });
                Plan::in_turn(changes.collect(), Duration::ZERO)
            }
        }
    }
}

/// What is due about dead nodes.
pub fn plan(seen: &Snapshot<'_>, downtimes: &Downtimes, published: bool) -> Plan {
    next(seen, downtimes).planned(published)
}

/// An entry that goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// Docker's id.
    pub id: String,
    /// It rests on EC2's word alone, so the brake counts it.
    pub braked: bool,
}

/// What is known of those that are down.
struct Dead<'a> {
    downtimes: &'a Downtimes,
    fleet: Fleet,
    /// The instances of the nodes that are ready: theirs, and not those that they say are theirs.
    here: BTreeSet<&'a str>,
    admission: Admission,
}

impl<'a> Dead<'a> {
    fn of(seen: &Snapshot<'a>, downtimes: &'a Downtimes) -> Self {
        let id = |node: &'a NodeEntry| node.instance_id.as_deref();
        let down = seen.nodes.iter().filter(|node| node.down);
        let claims = Claims::of(seen);
        let ready = seen.nodes.iter().filter(|node| node.ready);
        let ready = ready.filter(|node| claims.proved(node).is_some());
        Self {
            downtimes,
            fleet: seen.instances.fleet(down.filter_map(id), seen.now),
            here: ready.filter_map(id).collect(),
            admission: seen.admission,
        }
    }

    fn has_lasted(&self, node: &NodeEntry) -> bool {
        self.downtimes.is_down_for(node, LASTED) || self.downtimes.has_departed(node)
    }

    /// The brake does not count who said itself that it leaves, nor an older life of an instance that has joined again under
    /// another entry, nor who was never admitted.
    fn is_free(&self, node: &NodeEntry) -> bool {
        let id = node.instance_id.as_deref();
        let is_back = id.is_some_and(|id| self.here.contains(id));
        self.downtimes.has_departed(node) || is_back || self.is_foreign(node)
    }

    /// Who came and was never admitted leaves nothing behind: if it comes back, it joins again. Anybody who has the token can
    /// make as many such entries as he likes.
    fn is_foreign(&self, node: &NodeEntry) -> bool {
        let waited = Duration::from_secs(REMOVED_AFTER);
        let refused = node.refusal().is_some() || self.downtimes.is_down_for(node, waited);
        let never = node.role == Role::Worker && !node.was_admitted();
        self.admission == Admission::Enforce && never && refused
    }

    fn has_ended(&self, node: &NodeEntry) -> bool {
        let id = node.instance_id.as_deref();
        id.is_some_and(|id| self.fleet.is_gone(id))
    }

    /// EC2 has said once that it is gone.
    fn hopes(&self, node: &NodeEntry) -> bool {
        let id = node.instance_id.as_deref();
        id.is_some_and(|id| matches!(self.fleet.life(id), Some(Life::Terminated)))
    }
}

/// Nothing tells that a node stays down. One that said that it leaves is looked at sooner.
fn look(down: &[&NodeEntry]) -> Reaping {
    let announced = down.iter().any(|node| node.goes());
    Reaping::Look(if announced { DEPARTED_AGAIN } else { AGAIN })
}

/// Decides the next step. The brake is for what rests on EC2's word alone.
pub fn next(seen: &Snapshot<'_>, downtimes: &Downtimes) -> Reaping {
    let down: Vec<&NodeEntry> = seen.nodes.iter().filter(|node| node.down).collect();
    if down.is_empty() {
        return Reaping::Nothing;
    }
    let known = Dead::of(seen, downtimes);
    let dead: Vec<&NodeEntry> = down
        .iter()
        .copied()
        .filter(|n| known.has_lasted(n))
        .collect();
    let gone = dead.iter().copied();
    let gone = gone.filter(|node| known.is_free(node) || known.has_ended(node));
    // A forced cluster leaves managers behind that raft does not count: the engine removes them, and does not demote them.
    if let Some(manager) = gone.clone().find(|node| node.is_in_raft()) {
        return Reaping::Demote(manager.id.clone());
    }
    let (unbraked, braked): (Vec<&NodeEntry>, Vec<&NodeEntry>) =
        gone.partition(|node| known.is_free(node));
    let allowed = downtimes.allowed(seen.nodes, seen.now);
    let removed = unbraked.iter().map(|node| removal(node, false));
    let removed = removed.chain(braked.iter().take(allowed).map(|node| removal(node, true)));
    let removed: Vec<Removal> = removed.take(AT_ONCE).collect();
    if !removed.is_empty() {
        return Reaping::Remove(removed);
    }
    let ids = dead.iter().filter_map(|node| node.instance_id.as_deref());
    let mut due = known.fleet.due(ids);
    due.truncate(AT_ONCE);
    if !due.is_empty() {
        return Reaping::Ask(due);
    }
    // Stopped instances and those without an id stay; there is nothing to hurry for.
    let waits = down.len() > dead.len() || dead.iter().any(|node| known.hopes(node));
    if waits { look(&down) } else { Reaping::Nothing }
}

fn removal(node: &NodeEntry, braked: bool) -> Removal {
    let id = node.id.clone();
    Removal { id, braked }
}

#[cfg(test)]
#[path = "reaping_tests.rs"]
mod tests;
