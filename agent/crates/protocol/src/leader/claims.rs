//! Whether a node is the instance that it says it is: the one place that decides it.
//!
//! Whoever has the worker token can join, and can say of himself what he likes. His word counts when EC2's agrees: the
//! instance lives, is of this cluster, and has the address at which managers see the node. It counts once: of several nodes
//! at the same address, as containers of one host are behind its own, it is the first one's; of a manager's instance it is
//! that of the node which the instance's own agent has written down ([`crate::NodeRecord`]).

use std::collections::BTreeMap;

use crate::facts::admission::Admission;
pub use crate::facts::admission::Doubt;
use crate::facts::instances::Heard;
use crate::leader::{Records, Snapshot};
use crate::pace::TAGLESS;
use crate::{Instance, Instances, NodeEntry, Role, Stamp};

/// A node's word about its instance, held against EC2's.
#[derive(Clone, Copy, Debug)]
pub enum InstanceClaim<'a> {
    /// It is this one.
    Proved(&'a Instance),
    /// EC2 has not said enough yet. Silence, a failed or a partial answer leave it at that.
    Open,
    /// It is not, by what was said at that time.
    Refuted(Doubt, Stamp),
}

/// A node, and what becomes of its claim.
pub type Judged<'a> = (&'a NodeEntry, InstanceClaim<'a>);

/// All of a swarm's claims.
#[derive(Debug)]
pub struct Claims<'a> {
    instances: &'a Instances,
    /// Since when what does not rest on EC2's word is so: now.
    now: Stamp,
    /// Others are to be of the cluster by their tags: where the leader's own instance is so, and others are not let in on
    /// purpose. Where it is not, roles and clusters come from settings.
    tagged: bool,
    /// The leader's own instance profile.
    profile: Option<&'a str>,
    holders: BTreeMap<&'a str, &'a NodeEntry>,
    records: &'a Records,
    nodes: &'a [NodeEntry],
}

impl<'a> Claims<'a> {
    /// Those of the nodes that are listed.
    pub fn of(seen: &Snapshot<'a>) -> Self {
        let own = match seen.instances.heard(seen.own) {
            Some(Heard::Of(own, _)) => Some(own),
            _ => None,
        };
        let enforced = seen.admission == Admission::Enforce;
        let mut holders: BTreeMap<&str, &NodeEntry> = BTreeMap::new();
        for node in seen.nodes.iter().filter(|node| !node.down) {
            let Some((id, _)) = there(node, seen.instances) else {
                continue;
            };
            let holder = holders.entry(id).or_insert(node);
            if precedence(node) < precedence(holder) {
                *holder = node;
            }
        }
        Self {
            instances: seen.instances,
            now: seen.now.stamp(),
            tagged: enforced && own.is_some_and(|own| own.of_cluster),
            profile: own.and_then(|own| own.profile.as_deref()),
            holders,
            records: seen.records,
            nodes: seen.nodes,
        }
    }

    /// What becomes of a node's claim.
    pub fn claim(&self, node: &'a NodeEntry) -> InstanceClaim<'a> {
        let Some(id) = node.instance_id.as_deref() else {
            return InstanceClaim::Refuted(Doubt::NoInstance, self.now);
        };
        let (instance, at) = match self.instances.heard(id) {
            None => return InstanceClaim::Open,
            Some(Heard::Unknown(at)) => return InstanceClaim::Refuted(Doubt::UnknownInstance, at),
            Some(Heard::Of(instance, at)) => (instance, at),
        };
        if !instance.alive {
            return InstanceClaim::Refuted(Doubt::InstanceEnded, at);
        }
        if !instance.is_at(node.seen_at(Some(instance))) {
            return InstanceClaim::Refuted(Doubt::OtherAddress, at);
        }
        if self.tagged && !instance.of_cluster {
            // EC2 tells tags some time after a launch.
            let late = !instance.tagged && instance.lasted < TAGLESS;
            return if late {
                InstanceClaim::Open
            } else {
                InstanceClaim::Refuted(Doubt::OtherCluster, at)
            };
        }
        let holder = self.holders.get(id).filter(|one| one.id != node.id);
        let on_record =
            wants_record(node, instance) && holder.is_none_or(|h| h.role != Role::Manager);
        match (self.record(node, id), holder) {
            (Record::Unread, _) if on_record => InstanceClaim::Open,
            (Record::None, _) if on_record => InstanceClaim::Refuted(Doubt::Unrecorded, self.now),
            (Record::Others, _) if on_record => {
                InstanceClaim::Refuted(Doubt::SecondClaim, self.now)
            }
            (_, Some(_)) if !on_record => InstanceClaim::Refuted(Doubt::SecondClaim, self.now),
            _ => InstanceClaim::Proved(instance),
        }
    }

    /// What becomes of the claims of all nodes that are ready.
    pub fn judged(&self) -> Vec<Judged<'a>> {
        let ready = self.nodes.iter().filter(|node| node.ready);
        ready.map(|node| (node, self.claim(node))).collect()
    }

    /// The instance that a node is.
    pub fn proved(&self, node: &'a NodeEntry) -> Option<&'a Instance> {
        match self.claim(node) {
            InstanceClaim::Proved(instance) => Some(instance),
            InstanceClaim::Open | InstanceClaim::Refuted(..) => None,
        }
    }

    /// Whether an instance is one whose programs have the managers' role. A tag alone is nobody's right to be a manager: many
    /// may set tags. Where EC2 tells of no profile of the leader's own, its credentials come from elsewhere.
    pub fn has_managers_role(&self, instance: &Instance) -> bool {
        self.profile.is_none() || self.profile == instance.profile.as_deref()
    }

    /// Asked seldom: of managers' instances whose record does not name the node that is looked at.
    fn lives(&self, node_id: &str) -> bool {
        self.nodes
            .iter()
            .any(|node| node.id == node_id && !node.down)
    }

    /// Whom the record of a node's instance names.
    fn record(&self, node: &NodeEntry, instance_id: &str) -> Record {
        match self.records.node_of(instance_id) {
            None if self.records.is_read(instance_id) => Record::None,
            None => Record::Unread,
            Some(id) if id == node.id => Record::Own,
            Some(id) if self.lives(id) => Record::Others,
            // It has left, and has joined again.
            Some(_) => Record::None,
        }
    }
}

/// The instances that EC2 is asked about, again and again. Who was refused is asked about once, and with all others from time
/// to time: he may say that he is anybody, as often as he likes.
pub fn asked_about<'a>(nodes: &'a [NodeEntry], instances: &Instances) -> Vec<&'a String> {
    let ready = nodes.iter().filter(|node| node.ready);
    let ids = ready.filter_map(|node| {
        let id = node.instance_id.as_ref()?;
        (node.refusal().is_none() || instances.heard(id).is_none()).then_some(id)
    });
    ids.collect()
}

/// The instances whose records are wanted, by their nodes: managers' by their tags, of which no node that lives is on record.
pub fn unrecorded<'a>(seen: &Snapshot<'a>) -> Vec<(&'a NodeEntry, &'a str)> {
    let workers = |node: &&NodeEntry| node.ready && node.role == Role::Worker;
    let workers = seen.nodes.iter().filter(workers);
    let there = workers.filter_map(|node| Some((node, there(node, seen.instances)?)));
    let managers = there.filter(|(node, (_, instance))| wants_record(node, instance));
    let on_record = |id: &str| {
        let named = seen.records.node_of(id);
        named.is_some_and(|named| seen.nodes.iter().any(|node| node.id == named && !node.down))
    };
    let wanted = managers.filter(|(_, (id, _))| !on_record(id));
    wanted.map(|(node, (id, _))| (node, id)).collect()
}

/// What a manager's record says of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Record {
    /// It was not read.
    Unread,
    /// Nothing, or not yet.
    None,
    /// That it is this one.
    Own,
    /// That it is another one, which lives.
    Others,
}

/// Raft's members are past that: they are the managers.
fn wants_record(node: &NodeEntry, instance: &Instance) -> bool {
    node.role == Role::Worker && instance.role == Some(Role::Manager)
}

/// The instance that a node says it is, and that is where managers see the node.
fn there<'a>(node: &'a NodeEntry, instances: &'a Instances) -> Option<(&'a str, &'a Instance)> {
    let id = node.instance_id.as_deref()?;
    match instances.heard(id)? {
        Heard::Of(instance, _) if instance.is_at(node.seen_at(Some(instance))) => {
            Some((id, instance))
        }
        Heard::Of(..) | Heard::Unknown(_) => None,
    }
}

/// Of several that say that they are one instance: a manager, then the one that has been admitted as that instance, then the
/// first that came.
fn precedence(node: &NodeEntry) -> (bool, bool, u64, &str) {
    (
        node.role != Role::Manager,
        !node.is_admitted(),
        node.created.unwrap_or(u64::MAX),
        &node.id,
    )
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
