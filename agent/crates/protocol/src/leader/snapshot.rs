//! What a leader sees in one round.

use std::collections::BTreeMap;

use crate::facts::admission::Admission;
use crate::leader::Records;
use crate::{Epoch, Instances, Moment, NodeEntry, Tasks};

/// The swarm as it is listed, and EC2's word. Decisions borrow it: a swarm of thousands is copied by none of them.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// The leader's own instance.
    pub own: &'a str,
    /// The swarm's nodes.
    pub nodes: &'a [NodeEntry],
    /// EC2's word about their instances.
    pub instances: &'a Instances,
    /// What managers' agents have written down of their nodes.
    pub records: &'a Records,
    /// The swarm's tasks, where somebody leaves; they are not asked for where nobody does.
    pub tasks: &'a Tasks,
    /// The swarm's epoch, if it is known.
    pub epoch: Option<Epoch>,
    /// What becomes of nodes that do not belong to the cluster.
    pub admission: Admission,
    /// When that was.
    pub now: Moment,
}

/// No tasks at all.
pub const NO_TASKS: &Tasks = &Tasks {
    running: BTreeMap::new(),
    starting: 0,
};
