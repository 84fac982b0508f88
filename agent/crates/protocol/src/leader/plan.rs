//! What a chore wants done: one kind for all of them, which one applier carries out.

use std::time::Duration;

use crate::leader::claims::Doubt;
use crate::{NodeChange, NodeEntry, Role};

/// What a chore wants done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Plan {
    /// In this order.
    pub changes: Vec<Change>,
    /// Each rests on those before it: the first that fails, or has to wait, ends it. Of other plans all are tried.
    pub in_turn: bool,
    /// EC2 is to be asked whether these instances live.
    pub asks: Vec<String>,
    /// When to look again, if before the next round.
    pub again: Option<Duration>,
}

/// A change of the swarm's list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// A node's entry is to be so.
    Entry {
        /// Docker's id.
        node: String,
        /// How.
        change: NodeChange,
        /// What it is for.
        purpose: Purpose,
    },
    /// A node's entry goes.
    Remove {
        /// Docker's id.
        node: String,
        /// It does not belong to the cluster, and goes though it is there. Others are gone for good.
        is_stranger: bool,
        /// The brake counts it.
        braked: bool,
    },
}

/// What the change of an entry is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Its labels, and with the first of them that it is given tasks.
    Label,
    /// It leaves, and its tasks go elsewhere.
    Drain,
    /// It stays after all.
    Undo,
    /// A record for whoever leads next.
    Note,
    /// A manager that is gone for good: raft no longer counts it.
    DemoteGone,
    /// It becomes a manager.
    Promote,
    /// It leaves, or is to be a worker.
    Demote,
    /// It does not belong to the cluster.
    Refuse(Doubt),
}

impl Plan {
    /// Only to look again.
    pub(super) fn look(again: Duration) -> Self {
        Self {
            again: Some(again),
            ..Self::default()
        }
    }

    /// These changes, each by itself.
    pub(super) fn all(changes: Vec<Change>) -> Self {
        Self {
            changes,
            ..Self::default()
        }
    }

    /// These changes, one after the other, and then a look.
    pub(super) fn in_turn(changes: Vec<Change>, again: Duration) -> Self {
        Self {
            changes,
            in_turn: true,
            ..Self::look(again)
        }
    }
}

impl Change {
    /// Another role, and nothing else.
    pub(super) fn demoted(node: String) -> Self {
        Self::Entry {
            node,
            change: NodeChange::role(Role::Worker),
            purpose: Purpose::DemoteGone,
        }
    }

    /// Of this node.
    pub fn of(node: &NodeEntry, change: NodeChange, purpose: Purpose) -> Self {
        Self::Entry {
            node: node.id.clone(),
            change,
            purpose,
        }
    }
}
