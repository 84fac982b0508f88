//! The write-once registers of an epoch: who may create its swarm, and what became of it.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::Epoch;

/// A manager's exclusive right to create the swarm of one epoch.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Drawn by the writer and kept on its disk before the write: tells its own claim
    /// from another's after a lost response or a crash.
    pub nonce: String,
    /// The writer.
    pub instance_id: String,
}

/// What became of a claim. The first write decides, for ever.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The swarm of this epoch stands.
    Formed {
        /// The claim's nonce.
        nonce: String,
        /// Docker's id of the swarm.
        swarm_id: String,
        /// Digest of its root certificate, as in its join tokens.
        ca_digest: String,
        /// Where its first manager listens.
        address: SocketAddr,
    },
    /// There will be no swarm of this epoch.
    PassedOver {
        /// The writer's own nonce.
        nonce: String,
        /// Instance id of the writer.
        by: String,
        /// On what facts.
        why: String,
    },
}

/// Both registers of one epoch, as last read.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Registers {
    /// Which epoch.
    pub epoch: Epoch,
    /// Who may create its swarm.
    pub claim: Option<Claim>,
    /// What became of it.
    pub outcome: Option<Outcome>,
    /// Whether the claim is this node's: its nonce is the one on this node's disk.
    pub claim_is_mine: bool,
}
