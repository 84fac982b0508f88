//! What a round saw: plain data, ages instead of clocks.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Epoch, Registers, Role, Ticket};

/// Everything a decision may rest on.
#[derive(Clone, Debug)]
pub struct Observation {
    /// This node's role, from its tags.
    pub role: Role,
    /// The engine, by its own word.
    pub engine: EngineState,
    /// What this node remembers of its own joining.
    pub membership: Option<Membership>,
    /// The ticket, as last read.
    pub ticket: Option<Reading<Option<Ticket>>>,
    /// The registers of one epoch, as last read.
    pub registers: Option<Reading<Registers>>,
    /// The ticket's managers, as last probed.
    pub managers: Option<Reading<Vec<Probed>>>,
    /// The last attempt to join, while the engine is in no swarm.
    pub join: Option<JoinFailure>,
    /// How long ago this agent took the engine out of a swarm.
    pub left: Option<Duration>,
    /// How it stands with the other node whose claim this one waits for.
    pub holder: Holder,
}

/// The answer to a question asked some time ago, and how often it was asked in a row.
#[derive(Clone, Debug)]
pub struct Reading<T> {
    /// The answer.
    pub value: Result<T, Trouble>,
    /// How long ago.
    pub age: Duration,
    /// How many times it was asked since the node last made progress. Gaps grow with it.
    pub looks: u32,
}

/// Why a question had no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// A person has to allow it.
    Denied(String),
    /// AWS is busy: ask later.
    Throttled(String),
    /// No answer, or none that can be understood.
    Failed(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Denied(text) | Self::Throttled(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}

/// What the engine says of itself (`GET /info`), with what the agent adds from its own watch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EngineState {
    /// Its API does not answer.
    Down {
        /// Since when, by this agent's watch.
        since: Duration,
    },
    /// In no swarm.
    Inactive,
    /// Joining, or cut off from every manager it knows.
    Pending {
        /// Since when, by this agent's watch.
        since: Duration,
        /// Its node id, once it has a certificate.
        node_id: Option<String>,
    },
    /// In a swarm, by its own word.
    Active(Member),
    /// A join failed for good, or its certificate expired.
    Error(String),
    /// A manager whose raft store is encrypted, waiting for its key.
    Locked,
}

/// A node in a swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Docker's id of the node.
    pub node_id: String,
    /// Docker's id of the swarm: `O=` of its certificate, or a manager's `Cluster.ID`.
    pub swarm_id: Option<String>,
    /// What it can say of the swarm.
    pub control: Control,
}

/// A member's view of the swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Control {
    /// A worker has none.
    Worker,
    /// A manager that reaches no leader: an election, or lost quorum.
    NoLeader(String),
    /// A manager with a leader.
    Manager {
        /// Whether it is the leader itself.
        leader: bool,
        /// The epoch and the claim's nonce from the swarm's labels, if an agent made it.
        origin: Option<Origin>,
    },
}

/// Which claim a swarm was created under, from its labels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The swarm's epoch.
    pub epoch: Epoch,
    /// Nonce of the claim.
    pub nonce: String,
}

/// What a node remembers of its joining, on disk.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
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

/// One manager's answer to a probe without credentials.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Probed {
    /// Where.
    pub address: SocketAddr,
    /// What it said.
    pub answer: ProbeAnswer,
}

/// What a manager's port tells anybody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ProbeAnswer {
    /// A manager of some swarm.
    Manager {
        /// `O=` of its certificate, which its root certificate vouches for.
        swarm_id: String,
        /// Digest of that root certificate; `None` while it has no leader to ask.
        ca_digest: Option<String>,
    },
    /// Nothing there, or something else: what was seen.
    Nobody(String),
}

/// A join that did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JoinFailure {
    /// How long ago.
    pub age: Duration,
    /// How many in a row.
    pub attempts: u32,
    /// The engine's word.
    pub cause: String,
}

/// What is known of the holder of the claim that this node waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Holder {
    /// How long this node has seen the same claim without an outcome, by its own clock.
    pub waited: Duration,
    /// How many answers of EC2 in a row, at least 10 s apart, said that it is gone.
    pub gone: u32,
    /// How long ago EC2 was last asked.
    pub asked: Option<Duration>,
    /// How long a holder whose instance lives is waited for: a setting.
    pub patience: Duration,
}
