//! What a node has on its disk. The formats stay what they are: a newer agent goes on with an older one's files.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::departure::Departure;
use crate::node::event::Act;
use crate::node::state::Node;
use crate::{Epoch, Membership, Moment, Peer};

/// All of them, as the agent starts with them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Files {
    /// The swarm that it belongs to.
    pub membership: Option<Membership>,
    /// The managers of that swarm.
    pub peers: Vec<Peer>,
    /// This node's nonces.
    pub nonces: Nonces,
    /// What it did that cannot be undone.
    pub acts: Acts,
    /// The departure that has begun.
    pub departure: Option<Departure>,
}

/// One nonce an epoch, by its number, drawn and on disk before the first write: it marks this node's values, also after
/// a lost answer or a crash.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Nonces {
    /// All that were drawn.
    pub epochs: BTreeMap<u64, String>,
}

/// The last act that cannot be undone.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Acts {
    /// When, in seconds since the machine's boot.
    pub at: Option<u64>,
    /// The epoch under whose claim a new cluster was forced, until that epoch is remembered.
    pub forced: Option<Epoch>,
}

impl Acts {
    /// How long ago the last one was, at least. A time that is still to come was before a reboot: then it is as long
    /// ago as this boot, or longer.
    pub fn age(self, now: Moment) -> Option<Duration> {
        let at = Duration::from_secs(self.at?);
        Some(now.up.checked_sub(at).unwrap_or(now.up))
    }
}

/// A file, by what is in it, in the order in which they are written.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum FileName {
    /// The swarm that it belongs to: first, or what was forced would be forgotten before it is known to be settled.
    Membership,
    /// The managers of that swarm.
    Peers,
    /// This node's nonces.
    Nonces,
    /// What it did that cannot be undone.
    Acts,
    /// The departure that has begun.
    Departure,
}

/// A file as it is to be; none is to be removed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum File<'a> {
    /// The swarm that it belongs to.
    Membership(Option<&'a Membership>),
    /// The managers of that swarm.
    Peers(&'a [Peer]),
    /// This node's nonces.
    Nonces(&'a Nonces),
    /// What it did that cannot be undone.
    Acts(Acts),
    /// The departure that has begun.
    Departure(Option<&'a Departure>),
}

impl File<'_> {
    /// Which one it is.
    pub fn name(&self) -> FileName {
        match self {
            Self::Membership(_) => FileName::Membership,
            Self::Peers(_) => FileName::Peers,
            Self::Nonces(_) => FileName::Nonces,
            Self::Acts(_) => FileName::Acts,
            Self::Departure(_) => FileName::Departure,
        }
    }

    /// Whether what rests on it waits for it. A disk that fails keeps no departure from going on.
    pub fn is_needed(&self) -> bool {
        !matches!(self, Self::Departure(_))
    }
}

impl Node {
    /// The first file that is not yet as it is to be. A crash may come before each of them.
    pub fn unsaved(&self) -> Option<File<'_>> {
        let name = self.unsaved.first()?;
        Some(match name {
            FileName::Membership => File::Membership(self.files.membership.as_ref()),
            FileName::Peers => File::Peers(&self.files.peers),
            FileName::Nonces => File::Nonces(&self.files.nonces),
            FileName::Acts => File::Acts(self.files.acts),
            FileName::Departure => File::Departure(self.files.departure.as_ref()),
        })
    }

    /// What is on disk before an act is done.
    pub fn record_of(&self, act: Act, now: Moment) -> Acts {
        Acts {
            at: Some(now.up.as_secs()),
            forced: match act {
                Act::Recover(epoch) => Some(epoch),
                Act::Leave | Act::Restart | Act::Clear => self.files.acts.forced,
            },
        }
    }

    /// This node's nonce of an epoch, if it has drawn one.
    pub fn nonce(&self, epoch: Epoch) -> Option<&str> {
        let nonce = self.files.nonces.epochs.get(&epoch.number());
        nonce.map(String::as_str)
    }

    /// Another membership is to be on disk.
    pub(super) fn keep_membership(&mut self, membership: Option<Membership>) {
        self.files.membership = membership;
        self.unsaved.insert(FileName::Membership);
    }

    pub(super) fn keep_peers(&mut self, peers: Vec<Peer>) {
        if peers != self.files.peers {
            self.files.peers = peers;
            self.unsaved.insert(FileName::Peers);
        }
    }

    pub(super) fn keep_nonce(&mut self, epoch: Epoch, nonce: String) {
        self.files
            .nonces
            .epochs
            .entry(epoch.number())
            .or_insert(nonce);
        self.unsaved.insert(FileName::Nonces);
    }

    pub(super) fn keep_acts(&mut self, acts: Acts) {
        if acts != self.files.acts {
            self.files.acts = acts;
            self.unsaved.insert(FileName::Acts);
        }
    }

    /// Changes the departure, and has it on disk if it is another then.
    pub(super) fn keep_departure(&mut self, change: impl FnOnce(&mut Option<Departure>)) {
        let before = self.files.departure.clone();
        change(&mut self.files.departure);
        if self.files.departure != before {
            self.unsaved.insert(FileName::Departure);
        }
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
