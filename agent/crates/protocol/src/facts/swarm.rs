//! The swarm, as a manager sees it.

use std::collections::BTreeMap;

use secrecy::SecretString;

use crate::Epoch;

/// The port of swarm management (`docker swarm init --listen-addr`).
pub const SWARM_PORT: u16 = 2377;

/// The swarm, as a manager sees it.
#[derive(Clone, Debug)]
pub struct Swarm {
    /// Docker's id of it.
    pub id: String,
    /// Its epoch, from its labels.
    pub epoch: Option<Epoch>,
    /// The worker token now in force.
    pub worker_token: SecretString,
    /// Whether managers need a key to unlock their raft store after a restart.
    pub autolock: bool,
    /// When its join tokens were drawn last, from its labels.
    pub rotated: Option<u64>,
}

/// How many tasks there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tasks {
    /// Those that run, by Docker's id of their node.
    pub running: BTreeMap<String, usize>,
    /// Those that are to run and do not yet, but for those that no node will do for.
    pub starting: usize,
}
