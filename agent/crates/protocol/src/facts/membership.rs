//! What a node remembers on disk.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::Epoch;

/// What a node remembers of its joining.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// Whose memory this is: a clone of a disk carries another instance's.
    pub instance_id: String,
    /// Docker's id of the node.
    pub node_id: String,
    /// Docker's id of the swarm.
    pub swarm_id: String,
    /// The swarm's epoch.
    pub epoch: Epoch,
}

/// A manager of this node's swarm, as raft listed it.
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
pub struct Peer {
    /// Docker's id of the node.
    pub node_id: String,
    /// Its instance, if its engine's labels name one.
    pub instance_id: Option<String>,
    /// Where it listens.
    pub address: SocketAddr,
}
