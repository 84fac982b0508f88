//! What a node has on its disk. The formats stay what they are: a newer agent goes on with an older one's files.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::departure::Departure;
use crate::node::launch::{Launched, Waited};
use crate::{Epoch, Membership, Moment, Peer};

/// All of them, as the agent starts with them.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
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
    /// How far the launch has come.
    pub launch: Launched,
    /// Since when its group waits: of this boot alone.
    pub waited: Waited,
}

impl Files {
    /// They once this file is written: what `start` reads is what was saved.
    pub fn write(&mut self, file: &File<'_>) {
        match file {
            File::Membership(membership) => self.membership = membership.cloned(),
            File::Peers(peers) => self.peers = peers.to_vec(),
            File::Nonces(nonces) => self.nonces = Clone::clone(nonces),
            File::Acts(acts) => self.acts = *acts,
            File::Departure(departure) => self.departure = departure.cloned(),
            File::Launch(launched) => self.launch = Clone::clone(launched),
            File::Waited(waited) => self.waited = *waited,
        }
    }
}

/// One nonce an epoch, by its number, drawn and on disk before the first write: it marks this node's values, also after
/// a lost answer or a crash.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Nonces {
    /// All that were drawn.
    pub epochs: BTreeMap<u64, String>,
}

/// The last act that cannot be undone.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
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
    /// How far the launch has come.
    Launch,
    /// Since when its group waits.
    Waited,
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
    /// How far the launch has come.
    Launch(&'a Launched),
    /// Since when its group waits.
    Waited(Waited),
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
            Self::Launch(_) => FileName::Launch,
            Self::Waited(_) => FileName::Waited,
        }
    }

    /// Whether what rests on it waits for it. A disk that fails keeps no departure and no launch from going on.
    pub fn is_needed(&self) -> bool {
        !matches!(self, Self::Departure(_) | Self::Launch(_) | Self::Waited(_))
    }
}
