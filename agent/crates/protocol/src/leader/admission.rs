//! Who is in the swarm and does not belong there: drained, said aloud, and taken off the list after a while.
//!
//! A node of ours joins drained, and is given tasks when its claim is proved ([`super::labelling`]). One that is given tasks
//! before that has seen to it itself. What is refused is written into the node's entry, where every leader finds it; a claim
//! that is proved later takes it back, with the labels.

use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::facts::admission::{Admission, Refusal};
use crate::labels::ADMISSION_LABEL;
use crate::leader::claims::{Doubt, InstanceClaim, Judged};
use crate::leader::{Change, Plan, Purpose, SHARE, Snapshot};
use crate::pace::{ABSENCE, TAGLESS};
use crate::{Availability, Moment, NodeChange, NodeEntry, Role, Stamp};

/// A claim has been refuted for so long, by answers of EC2 that are as far apart: one may be late.
const CERTAIN: Duration = TAGLESS;
/// A claim that is refuted by the node list alone, and not certainly so yet, is looked at again after this long.
pub const AGAIN: Duration = Duration::from_secs(5);
/// So long after it was refused a node is taken off the list (in seconds).
pub const REMOVED_AFTER: u64 = 600;

/// The nodes whose claims are refuted: certainly, once that has lasted. None of it matters after a restart.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Doubts(BTreeMap<String, Refuted>);

/// For how long a claim has been refuted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Refuted {
    doubt: Doubt,
    /// The first and the last word against it.
    first: Stamp,
    last: Stamp,
    /// When this leader has heard the first one, in seconds since the Unix epoch.
    since: u64,
}

impl Doubts {
    /// Notes what is said of claims now.
    pub fn look(&mut self, judged: &[Judged<'_>], now: Moment) {
        let before = std::mem::take(&mut self.0);
        for (node, claim) in judged {
            let InstanceClaim::Refuted(doubt, at) = *claim else {
                continue;
            };
            // What has lasted of one kind makes no other certain.
            let same = |seen: &&Refuted| patience(node, seen.doubt) == patience(node, doubt);
            let known = before.get(&node.id).filter(same).copied();
            let known = known.unwrap_or(Refuted {
                doubt,
                first: at,
                last: at,
                since: now.unix,
            });
            let seen = Refuted {
                doubt,
                last: at,
                ..known
            };
            self.0.insert(node.id.clone(), seen);
        }
    }

    /// Whether it is certain that a node does not belong.
    fn is_certain(&self, node: &NodeEntry, doubt: Doubt) -> bool {
        let seen = self.0.get(&node.id).zip(patience(node, doubt));
        seen.is_some_and(|(seen, patience)| seen.last.since(seen.first) >= patience)
    }

    /// Whether a look at the node list soon may make it certain, which is not so where EC2 is asked for that.
    pub fn ripens(&self, node: &NodeEntry) -> bool {
        let own_word =
            |seen: &Refuted| matches!(seen.doubt, Doubt::NoInstance | Doubt::SecondClaim);
        let seen = self.0.get(&node.id).filter(|seen| own_word(seen));
        seen.is_some_and(|seen| !self.is_certain(node, seen.doubt))
    }

    /// Whether a node's claim is refuted, so that EC2 should say more.
    pub fn has(&self, node_id: &str) -> bool {
        let seen = self.0.get(node_id);
        seen.is_some_and(|seen| seen.doubt != Doubt::Unrecorded)
    }
}

/// How long a doubt has to last until it is certain, if it ever is. That EC2 does not know an instance is missing from an
/// answer: of one that was admitted it has to last as long as everywhere. That a record is missing never is certain: an agent
/// may be older than records, or not allowed to write one.
fn patience(node: &NodeEntry, doubt: Doubt) -> Option<Duration> {
    match doubt {
        Doubt::Unrecorded => None,
        Doubt::UnknownInstance if node.was_admitted() => Some(ABSENCE),
        _ => Some(CERTAIN),
    }
}

/// What the leader does about one node.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Write down that it is refused, and drain it, unless it is only to be said.
    Refuse {
        /// Which.
        node: NodeEntry,
        /// Why.
        doubt: Doubt,
        /// What that makes of its entry.
        change: NodeChange,
    },
    /// Take it off the list.
    Remove {
        /// Which.
        node: NodeEntry,
        /// It was admitted once: the brake counts it.
        braked: bool,
    },
}

/// These steps as a plan, and when to look again.
pub fn plan(steps: Vec<Step>, again: Option<Duration>) -> Plan {
    let changes = steps.into_iter().map(|step| match step {
        Step::Refuse {
            node,
            doubt,
            change,
        } => Change::of(&node, change, Purpose::Refuse(doubt)),
        Step::Remove { node, braked } => Change::Remove {
            node: node.id,
            is_stranger: true,
            braked,
        },
    });
    let plan = Plan::all(changes.collect());
    Plan { again, ..plan }
}

/// Decides what to do about all of them. Members of raft are left as they are: they are the cluster, and what brought them in
/// is no leader's to undo. It is said of them. `removable` is how many nodes that were admitted once the brake leaves.
pub fn next(
    seen: &Snapshot<'_>,
    judged: &[Judged<'_>],
    doubts: &Doubts,
    removable: impl FnOnce() -> usize,
) -> Vec<Step> {
    let refuted = judged.iter().filter_map(|(node, claim)| match *claim {
        InstanceClaim::Refuted(doubt, _) => Some((*node, doubt)),
        InstanceClaim::Proved(_) | InstanceClaim::Open => None,
    });
    let refuted: Vec<(&NodeEntry, Doubt)> = refuted.collect();
    if refuted.is_empty() {
        return Vec::new();
    }
    let mut brake = Brake::of(judged, removable());
    let step = |(node, doubt)| {
        let case = Case {
            node,
            doubt,
            certain: doubts.is_certain(node, doubt),
            since: doubts
                .0
                .get(&node.id)
                .map_or(seen.now.unix, |seen| seen.since),
            enforced: seen.admission == Admission::Enforce && !node.is_in_raft(),
            now: seen.now,
        };
        case.step(&mut brake)
    };
    refuted.into_iter().filter_map(step).collect()
}

/// How many nodes that were admitted once may be drained and removed now: a wrong conclusion must not empty a swarm.
struct Brake {
    drains: usize,
    removals: usize,
}

impl Brake {
    fn of(judged: &[Judged<'_>], removals: usize) -> Self {
        let admitted = judged.iter().filter(|(node, _)| node.was_admitted());
        let refused = admitted
            .clone()
            .filter(|(node, _)| node.refusal().is_some());
        let most = (admitted.count() / SHARE).max(1);
        Self {
            drains: most.saturating_sub(refused.count()),
            removals,
        }
    }

    fn take(left: &mut usize, counts: bool) -> bool {
        let is_free = !counts || *left > 0;
        if counts && is_free {
            *left -= 1;
        }
        is_free
    }
}

/// A node whose claim is refuted now.
struct Case<'a> {
    node: &'a NodeEntry,
    doubt: Doubt,
    certain: bool,
    since: u64,
    enforced: bool,
    now: Moment,
}

impl Case<'_> {
    fn step(&self, brake: &mut Brake) -> Option<Step> {
        let takes_tasks = self.node.availability != Availability::Drain;
        let refusal = self.node.refusal();
        let counts = self.node.was_admitted();
        // Who was never admitted and takes tasks has seen to that himself: one word is enough.
        if self.enforced && takes_tasks && (self.certain || !counts) {
            return Brake::take(&mut brake.drains, counts).then(|| self.refuse(true));
        }
        match refusal {
            None => self.certain.then(|| self.refuse(false)),
            Some(refusal) => {
                let late = refusal.since.saturating_add(REMOVED_AFTER) <= self.now.unix;
                let goes = self.enforced && self.certain && late;
                let goes = goes && Brake::take(&mut brake.removals, counts);
                let (node, braked) = (self.node.clone(), counts);
                goes.then_some(Step::Remove { node, braked })
            }
        }
    }

    /// One that was promoted and that raft does not know is a worker again.
    fn refuse(&self, drained: bool) -> Step {
        let (node, doubt) = (self.node, self.doubt);
        let refusal = Refusal {
            since: self.since,
            doubt,
            drained,
        };
        let demoted = self.enforced && node.role == Role::Manager;
        let change = NodeChange {
            role: demoted.then_some(Role::Worker),
            availability: drained.then_some(Availability::Drain),
            labels: [(ADMISSION_LABEL.to_owned(), Some(refusal.to_string()))].into(),
        };
        Step::Refuse {
            node: node.clone(),
            doubt,
            change,
        }
    }
}

#[cfg(test)]
#[path = "admission_tests.rs"]
mod tests;
