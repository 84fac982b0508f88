//! Whom Auto Scaling may end, and whom not: by what all of them are to raft.

use std::cmp::Ordering;
use std::time::Duration;

/// A leader counts as launched so many seconds later: of instances that were launched together it goes last, because
/// raft stands still for seconds when it does. But it goes before those that have replaced the others: an instance
/// refresh that changes no version of the template waits for the old ones.
const TOGETHER: u64 = 10;

/// A manager that is not healthy may go once this is no passing trouble.
pub(super) const ILL: Duration = Duration::from_mins(2);
/// A group of one that has had more for this long can end none of them.
pub const EXCESS: Duration = Duration::from_mins(2);

/// What is done about a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Care {
    /// Its managers are protected.
    Protect,
    /// It needs no protection, or is to end: what a leader has protected is released.
    Release,
    /// It protects all of its instances by itself (`NewInstancesProtectedFromScaleIn`): nothing.
    Leave,
}

/// What a node is to raft.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    /// A manager that raft counts on.
    Healthy,
    /// A manager that is not reachable, or on its way out: for how long.
    Ill(Duration),
    /// One that can become a manager.
    Candidate,
    /// Anything else.
    Outside,
}

/// What a leader has last done about a node, by the label of its entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Record {
    /// Protected it.
    Protected,
    /// Let it go unprotected: one that is protected all the same was protected by a person.
    Spared,
}

impl Record {
    /// As the label has it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Spared => "spared",
        }
    }

    /// Reads the label.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Protected, Self::Spared];
        all.into_iter().find(|record| record.as_str() == text)
    }
}

/// A node of a managers' group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Node {
    /// Docker's id.
    pub(super) id: String,
    /// Its instance.
    pub(super) instance_id: String,
    /// The group that launched it.
    pub(super) group: String,
    /// What is done about that group.
    pub(super) care: Care,
    /// What it is to raft.
    pub(super) standing: Standing,
    /// It is the leader: raft stands still for seconds when it goes.
    pub(super) leader: bool,
    /// Auto Scaling lets its protection be changed: not before it is in service, and not while it ends.
    pub(super) in_service: bool,
    /// Auto Scaling protects it from scale-in.
    pub(super) protected: bool,
    /// What a leader has last done.
    pub(super) record: Option<Record>,
    /// How old it is.
    pub(super) age: Age,
}

/// How old an instance is: those that are older come first.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Age {
    /// It was launched from the version of the launch template that its group launches now.
    pub(super) is_current: bool,
    /// When it was launched, in seconds since the Unix epoch.
    pub(super) launched: Option<u64>,
}

impl Node {
    /// A person has protected it.
    fn is_kept_by_hand(&self) -> bool {
        self.protected && self.record == Some(Record::Spared)
    }
}

/// Raft's members, also those in no group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Raft {
    /// All of them.
    pub(super) members: usize,
    /// Those that it can count on.
    pub(super) healthy: usize,
}

impl Raft {
    /// How many of the healthy it can lose at once.
    pub(super) fn spare(self) -> usize {
        self.healthy.saturating_sub(self.members / 2 + 1)
    }
}

/// How a node is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Change<'a> {
    /// Which.
    pub(super) node: &'a Node,
    /// Whether Auto Scaling is to protect it.
    pub(super) protected: bool,
    /// What its entry is to say.
    pub(super) record: Option<Record>,
}

/// What differs from how it is to be, those first that are to be protected: nobody is released before all others
/// are protected.
pub(super) fn next(nodes: &[Node], raft: Raft) -> Vec<Change<'_>> {
    let spared = spared(nodes, raft);
    let wanted = |node| wanted(node, &spared);
    let mut changes: Vec<_> = nodes.iter().filter_map(wanted).collect();
    // A node that has joined anew leaves an entry behind: its instance is one.
    let kept: Vec<_> = changes
        .iter()
        .filter(|c| c.protected)
        .map(|c| &c.node.instance_id)
        .collect();
    let kept: Vec<_> = kept.into_iter().cloned().collect();
    changes.retain(|change| change.protected || !kept.contains(&change.node.instance_id));
    changes.retain(|change| {
        let (protection, record) = (
            change.protected != change.node.protected,
            change.record != change.node.record,
        );
        (protection || record) && (!protection || change.node.in_service)
    });
    changes.sort_by_key(|change| !change.protected);
    changes
}

/// The manager that is to become a worker because its group, which is to have one instance, has had more for
/// `excess`: raft can spare none of one or two managers, and the group could end none of them ever.
pub(super) fn yields(nodes: &[Node], raft: Raft, excess: Duration) -> Option<&str> {
    let protected = |node: &&Node| node.care == Care::Protect && !node.is_kept_by_hand();
    let mut members: Vec<&Node> = nodes
        .iter()
        .filter(protected)
        .filter(|n| n.standing == Standing::Healthy)
        .collect();
    members.sort_by(|a, b| by_age(a, b));
    let first = members.first()?;
    let all_healthy = raft.members == raft.healthy && raft.members == members.len();
    let is_heir = |node: &Node| {
        node.standing == Standing::Candidate
            && node.in_service
            && by_age(first, node) == Ordering::Less
    };
    let may = match raft.members {
        1 => nodes.iter().any(is_heir),
        2 => true,
        _ => false,
    };
    (excess >= EXCESS && all_healthy && may).then_some(&first.id)
}

/// The healthy that may go. Those that nobody can protect yet have no choice; whom a person protects is not asked.
fn spared(nodes: &[Node], raft: Raft) -> Vec<&str> {
    let may_go = |node: &&Node| {
        node.standing == Standing::Healthy && node.care == Care::Protect && !node.is_kept_by_hand()
    };
    let mut candidates: Vec<&Node> = nodes.iter().filter(may_go).collect();
    candidates.sort_by(|a, b| turn(a).cmp(&turn(b)));
    candidates
        .into_iter()
        .take(raft.spare())
        .map(|node| node.id.as_str())
        .collect()
}

/// Who goes first: those that have no choice, those that are out of date, the oldest.
fn turn(node: &Node) -> (bool, bool, Option<u64>, &str) {
    let has_choice = node.protected || node.in_service;
    let later = if node.leader { TOGETHER } else { 0 };
    let launched = node.age.launched.map(|at| at.saturating_add(later));
    (has_choice, node.age.is_current, launched, &node.id)
}

fn by_age(a: &Node, b: &Node) -> Ordering {
    (a.age, &a.id).cmp(&(b.age, &b.id))
}

/// `None` for what is left as it is.
fn wanted<'a>(node: &'a Node, spared: &[&str]) -> Option<Change<'a>> {
    let change = |protected, record| {
        Some(Change {
            node,
            protected,
            record,
        })
    };
    let recorded = node.record.is_some();
    match (node.care, node.standing) {
        (Care::Leave, _) => None,
        _ if node.is_kept_by_hand() => None,
        (Care::Release, _) | (_, Standing::Candidate | Standing::Outside) if recorded => {
            change(false, None)
        }
        (Care::Protect, Standing::Healthy) if spared.contains(&node.id.as_str()) => {
            change(false, Some(Record::Spared))
        }
        (Care::Protect, Standing::Healthy) => change(true, Some(Record::Protected)),
        (Care::Protect, Standing::Ill(time)) if recorded && time >= ILL => {
            change(false, Some(Record::Spared))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
