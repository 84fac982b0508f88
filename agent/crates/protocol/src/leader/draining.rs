//! When the tasks of nodes that leave are moved elsewhere.
//!
//! Docker stops a drained node's task before its replacement runs. Draining all nodes that leave at
//! once would stop all replicas of a service that happen to be on them, so they take turns. Those that
//! wait for theirs are paused, or the tasks of the first would move to the next.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::labels::{DEPARTING_LABEL, DRAINED_LABEL};
use crate::leader::labelling::{ACTIVATED, usual};
use crate::leader::{Change, Plan, Purpose, SHARE, Snapshot};
use crate::{Availability, Moment, NodeChange, NodeEntry, Role, Stamp};

/// Whose deadline is nearer than this does not wait for its turn (in seconds).
pub const PRESSING: u64 = 120;

/// A manager that has marked its entry and was demoted says by its engine that it leaves: after a restart
/// of its agent, and the longest gap between two tries, it has said so by then.
pub const SILENT: Duration = Duration::from_mins(2);

/// For so long others wait for a node that loses its tasks, or for tasks that are to start: one that never ends, or a service
/// that ends as soon as it starts, keeps nobody from leaving.
pub const HELD: Duration = Duration::from_mins(5);

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

/// Since when demoted managers say by their entries that they leave, and not by their engines: by node.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Silence(BTreeMap<String, Stamp>);

impl Silence {
    /// Notes who is silent now.
    pub fn look(&mut self, nodes: &[NodeEntry], now: Moment) {
        let marked = |node: &&NodeEntry| node.ready && node.marked_leaving().is_some();
        let silent = nodes.iter().filter(marked);
        let silent = silent.filter(|n| n.role == Role::Worker && n.asks_to_leave.is_none());
        let since = |node: &NodeEntry| self.0.get(&node.id).copied().unwrap_or(now.stamp());
        self.0 = silent.map(|n| (n.id.clone(), since(n))).collect();
    }

    fn is_long(&self, id: &str, now: Moment) -> bool {
        let since = self.0.get(id);
        since.is_some_and(|since| since.age(now) >= SILENT)
    }
}

/// What those that leave wait for, and since when. None of it matters after a restart.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Turns {
    losing: BTreeMap<String, Stamp>,
    starting: Option<Stamp>,
}

impl Turns {
    /// Notes what there is to wait for now.
    pub fn look(&mut self, seen: &Snapshot<'_>) {
        let now = seen.now.stamp();
        self.starting = (seen.tasks.starting > 0).then(|| self.starting.unwrap_or(now));
        let loses = |node: &&NodeEntry| {
            let leaves = node.ready && node.departing().is_some();
            leaves && node.availability == Availability::Drain
        };
        let losing = seen.nodes.iter().filter(loses);
        let losing = losing.filter(|node| seen.tasks.running.contains_key(&node.id));
        let since = |node: &NodeEntry| self.losing.get(&node.id).copied().unwrap_or(now);
        self.losing = losing.map(|n| (n.id.clone(), since(n))).collect();
    }

    fn waits_for(&self, node: &NodeEntry, now: Moment) -> bool {
        let since = self.losing.get(&node.id);
        since.is_none_or(|since| since.age(now) < HELD)
    }

    fn waits_for_starts(&self, now: Moment) -> bool {
        self.starting.is_none_or(|since| since.age(now) < HELD)
    }
}

/// An entry that says of a departure, or has a record of one.
#[derive(Clone, Copy, Debug)]
struct Leaver<'a> {
    node: &'a NodeEntry,
    /// It has been a worker for [`SILENT`], ready, and its engine has not said what its entry says.
    silent: bool,
    drained_for: Option<DrainedFor>,
    tasks: usize,
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

/// Of a few thousand nodes hardly one leaves.
fn leavers<'a>(seen: &Snapshot<'a>, silence: &Silence) -> Vec<Leaver<'a>> {
    let concerned =
        |node: &&NodeEntry| node.departing().is_some() || node.labels.contains_key(DRAINED_LABEL);
    let leaver = |node: &'a NodeEntry| {
        let record = node.labels.get(DRAINED_LABEL);
        let running = seen.tasks.running.get(&node.id);
        Leaver {
            node,
            silent: silence.is_long(&node.id, seen.now),
            drained_for: record.and_then(|word| DrainedFor::parse(word)),
            tasks: running.copied().unwrap_or_default(),
        }
    };
    let nodes = seen.nodes.iter().filter(concerned);
    nodes.map(leaver).collect()
}

/// Decides what to do about which nodes now. The tasks that the last drained node has lost are among those that are to run and do
/// not yet, from the moment on at which they were told to end. Until that moment they run there, and it counts as losing
/// them.
pub fn next<'a>(
    seen: &Snapshot<'a>,
    silence: &Silence,
    turns: &Turns,
) -> Vec<(&'a NodeEntry, Draining)> {
    let leavers = leavers(seen, silence);
    let mut steps: Vec<(&NodeEntry, Draining)> = Vec::new();
    let late = leavers.iter().filter(|n| n.is_late_to_ask());
    steps.extend(late.map(|n| (n.node, Draining::Note)));
    let stay = leavers.iter().filter(|n| n.stays());
    steps.extend(stay.map(|n| (n.node, Draining::Undo)));
    let drained = drains(&leavers, seen, turns);
    let waits =
        |n: &&Leaver<'_>| n.is_due() && !drained.iter().any(|other| other.node.id == n.node.id);
    let paused = leavers.iter().filter(waits);
    let paused = paused.filter(|n| n.node.availability == Availability::Active);
    steps.extend(paused.map(|n| (n.node, Draining::Pause(n.reason()))));
    steps.extend(
        drained
            .iter()
            .map(|n| (n.node, Draining::Drain(n.reason()))),
    );
    steps
}

/// The same as a plan: when to look again, those tell that are under way.
pub fn plan(seen: &Snapshot<'_>, silence: &Silence, turns: &Turns, managers: Availability) -> Plan {
    let steps = next(seen, silence, turns).into_iter();
    let changes = steps.map(|(node, step)| {
        let purpose = match step {
            Draining::Drain(_) => Purpose::Drain,
            Draining::Undo => Purpose::Undo,
            Draining::Pause(_) | Draining::Note => Purpose::Note,
        };
        Change::of(node, change(node, step, managers), purpose)
    });
    Plan::all(changes.collect())
}

/// What departures wait for.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct UnderWay {
    /// Who is losing tasks, or waits for that, with how many it has yet.
    losing: Vec<(String, Availability, usize)>,
    /// See [`crate::Tasks::starting`].
    starting: usize,
}

/// What departures wait for, if there are any.
pub fn under_way(seen: &Snapshot<'_>, silence: &Silence) -> Option<UnderWay> {
    let waits = |n: &&Leaver<'_>| {
        let over = n.is_drained() && n.tasks == 0;
        n.node.ready && n.node.departing().is_some() && !over
    };
    let leavers = leavers(seen, silence);
    let waiting = leavers.iter().filter(waits);
    let losing = waiting.map(|n| (n.node.id.clone(), n.node.availability, n.tasks));
    let losing: Vec<_> = losing.collect();
    (!losing.is_empty()).then_some(UnderWay {
        losing,
        starting: seen.tasks.starting,
    })
}

/// Who has no tasks loses none, who is in a hurry goes at once; the others go by their deadlines, as far as those leave room.
fn drains<'a>(leavers: &[Leaver<'a>], seen: &Snapshot<'_>, turns: &Turns) -> Vec<Leaver<'a>> {
    let losing = |n: &&Leaver<'_>| {
        n.is_ours() && n.node.ready && n.node.departing().is_some() && n.is_drained() && n.tasks > 0
    };
    let busy = leavers.iter().filter(losing);
    let busy = busy.filter(|n| turns.waits_for(n.node, seen.now)).count();
    // Those that are down carry no tasks. Who was never admitted takes no turn from anybody, and makes none.
    let ready = seen.nodes.iter().filter(|n| n.ready && n.was_admitted());
    let ready = ready.count();
    let free = (ready / SHARE).max(1).saturating_sub(busy);
    let starting = seen.tasks.starting > 0 && turns.waits_for_starts(seen.now);
    let free = if starting { 0 } else { free };
    let due = leavers.iter().copied().filter(Leaver::is_due);
    let (mut at_once, mut others): (Vec<Leaver<'a>>, Vec<Leaver<'a>>) =
        due.partition(|n| n.tasks == 0 || n.presses(seen.now.unix) || !n.is_ours());
    let hurried = at_once.iter().filter(|n| n.tasks > 0 && n.is_ours());
    let hurried = hurried.count();
    others.sort_by_key(|n| n.node.departing().filter(|at| *at != 0).unwrap_or(u64::MAX));
    at_once.extend(others.into_iter().take(free.saturating_sub(hurried)));
    at_once
}

/// What a step makes of an entry. A node that was not activated before its departure is activated with its labels, not here.
pub fn change(node: &NodeEntry, step: Draining, managers: Availability) -> NodeChange {
    let record = |word: DrainedFor| (DRAINED_LABEL.to_owned(), Some(word.as_str().to_owned()));
    let was_active = node.labels.contains_key(ACTIVATED);
    let (availability, labels) = match step {
        Draining::Drain(word) => (Some(Availability::Drain), [record(word)].into()),
        Draining::Pause(word) => (Some(Availability::Pause), [record(word)].into()),
        Draining::Note => (None, [record(DrainedFor::Asked)].into()),
        Draining::Undo => (
            was_active.then(|| usual(node.role, managers)),
            [DRAINED_LABEL, DEPARTING_LABEL]
                .map(|key| (key.to_owned(), None))
                .into(),
        ),
    };
    NodeChange {
        availability,
        labels,
        role: None,
    }
}

impl Leaver<'_> {
    /// Whoever has the token can join and say that he leaves, with tasks that never end: nobody waits for him.
    fn is_ours(&self) -> bool {
        self.node.was_admitted()
    }

    fn is_drained(&self) -> bool {
        self.node.availability == Availability::Drain
    }

    fn is_due(&self) -> bool {
        self.node.ready && self.node.departing().is_some() && !self.is_drained()
    }

    fn presses(&self, now: u64) -> bool {
        let at = self.node.departing();
        at.is_some_and(|at| at != 0 && at <= now.saturating_add(PRESSING))
    }

    fn reason(&self) -> DrainedFor {
        match self.node.asks_to_leave {
            Some(_) => DrainedFor::Asked,
            None => DrainedFor::Marked,
        }
    }

    /// Also one that has drained itself, as a manager, and of which no leader has a record.
    fn is_late_to_ask(&self) -> bool {
        let marked = self.node.marked_leaving().is_some();
        let by_itself = self.drained_for.is_none() && marked && self.is_drained();
        let noted = self.drained_for == Some(DrainedFor::Marked) || by_itself;
        self.node.asks_to_leave.is_some() && noted
    }

    /// Those by whose word it was drained do not say so any more. A manager that was demoted meanwhile
    /// cannot take its own mark away: its engine's word counts, also that it says nothing.
    fn stays(&self) -> bool {
        let over = match self.drained_for {
            None => self.silent && self.node.marked_leaving().is_some(),
            Some(DrainedFor::Asked) => self.node.asks_to_leave.is_none(),
            Some(DrainedFor::Marked) => self.node.departing().is_none() || self.silent,
        };
        self.node.ready && over
    }
}

#[cfg(test)]
#[path = "draining_tests.rs"]
mod tests;
