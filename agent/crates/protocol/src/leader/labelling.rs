//! Which labels a node's entry carries, and when a node is given tasks for the first time.
//!
//! Nodes join drained. The leader labels a node from its instance's tags by EC2's word and
//! activates it in the same update, so that no task lands on it before its labels.

use std::collections::BTreeMap;

pub use crate::labels::ACTIVATED;
use crate::labels::ADMISSION_LABEL;
use crate::leader::claims::{InstanceClaim, Judged};
use crate::leader::{Change, Plan, Purpose};
use crate::pace::TAGLESS;
use crate::{Availability, Instance, NodeChange, NodeEntry, Role};

/// The label of an entry that holds the keys of the labels set from tags, one a line: those are the
/// agent's to change and to take away, all others a person's.
pub const FROM_TAGS: &str = "swarmlet.labels";
/// What the names of the agent's own labels start with: no tag sets them.
pub const OWN: &str = "swarmlet.";

/// What the leader does about a node's labels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Labelling {
    /// Nothing.
    Settled,
    /// Nothing yet: EC2 has not said enough about its instance, or not what the node says.
    Waits,
    /// All of this, in one update.
    Change(NodeChange),
}

/// The availability of a node that nobody has drained: managers' is a setting.
pub fn usual(role: Role, managers: Availability) -> Availability {
    match role {
        Role::Manager => managers,
        Role::Worker => Availability::Active,
    }
}

/// The availability that goes with another role; `None` where it stays. What a person has set stays.
pub fn turned(node: &NodeEntry, to: Role, managers: Availability) -> Option<Availability> {
    let (before, after) = (usual(node.role, managers), usual(to, managers));
    (node.availability == before && before != after).then_some(after)
}

/// What the entries of these lack.
pub fn plan(judged: &[Judged<'_>], managers: Availability) -> Plan {
    let changes = judged.iter().filter_map(|(node, claim)| {
        let Labelling::Change(change) = next(node, *claim, managers) else {
            return None;
        };
        Some(Change::of(node, change, Purpose::Label))
    });
    Plan::all(changes.collect())
}

/// Decides what a ready node's entry lacks; nothing of it is copied for that. One that was activated for its instance before and is
/// drained now was drained by a person, or is leaving: its availability is not touched again.
pub fn next(node: &NodeEntry, claim: InstanceClaim<'_>, managers: Availability) -> Labelling {
    if node.departing().is_some() {
        return Labelling::Settled;
    }
    let (Some(id), InstanceClaim::Proved(instance)) = (&node.instance_id, claim) else {
        return Labelling::Waits;
    };
    if !instance.tagged && instance.lasted < TAGLESS {
        return Labelling::Waits;
    }
    let availability = Some(usual(node.role, managers));
    let was_refused = node.refusal().is_some_and(|refusal| refusal.drained);
    let is_new = !node.is_admitted() || was_refused;
    let mut labels = differences(&node.labels, instance, id);
    if node.labels.contains_key(ADMISSION_LABEL) {
        labels.insert(ADMISSION_LABEL.to_owned(), None);
    }
    let change = NodeChange {
        availability: availability.filter(|usual| is_new && *usual != node.availability),
        labels,
        role: None,
    };
    if change == NodeChange::default() {
        Labelling::Settled
    } else {
        Labelling::Change(change)
    }
}

/// Only what differs: of most nodes, in most rounds, nothing does.
fn differences(
    held: &BTreeMap<String, String>,
    instance: &Instance,
    id: &str,
) -> BTreeMap<String, Option<String>> {
    let tags = || instance.labels.iter().filter(|(key, _)| is_free(key));
    let before = held.get(FROM_TAGS).map_or("", |keys| keys).lines();
    let gone = before.filter(|key| is_free(key) && !instance.labels.contains_key(*key));
    let keys: Vec<&str> = tags().map(|(key, _)| key.as_str()).collect();
    let record = Some(keys.join("\n")).filter(|keys| !keys.is_empty());
    let set = tags().chain(&instance.facts);
    let own = [(ACTIVATED, Some(id)), (FROM_TAGS, record.as_deref())];
    let wanted = gone
        .map(|key| (key, None))
        .chain(set.map(|(key, value)| (key.as_str(), Some(value.as_str()))))
        .chain(own);
    wanted
        .filter(|(key, value)| held.get(*key).map(String::as_str) != *value)
        .map(|(key, value)| (key.to_owned(), value.map(str::to_owned)))
        .collect()
}

/// Whether a tag may set this label.
fn is_free(key: &str) -> bool {
    !key.is_empty() && !key.starts_with(OWN) && !key.contains('\n')
}

#[cfg(test)]
#[path = "labelling_tests.rs"]
mod tests;
