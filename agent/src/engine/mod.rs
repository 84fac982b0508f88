//! Docker as the agent sees it.

pub mod certificate;
pub mod daemon_flags;
pub mod daemon_json;
mod digest;
pub mod docker;
pub mod install;
pub mod listing;
pub mod pools;
pub mod probe;
pub mod routes;
pub mod stacks;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::Ipv4Net;
use secrecy::SecretString;
use thiserror::Error;

use protocol::{Availability, EngineState, Epoch, JoinToken, Role, TokenKind};

/// The swarm label that holds its epoch.
pub const EPOCH_LABEL: &str = "swarmlet.epoch";
/// The swarm label that holds the nonce of the claim it was created, or last recovered, under.
pub const CLAIM_LABEL: &str = "swarmlet.claim";
/// The engine label that holds the instance's id: how a manager ties node to instance.
pub const INSTANCE_LABEL: &str = "swarmlet.instance-id";
/// The label by which a node says that it is leaving, and until when it can wait (seconds since the
/// Unix epoch; 0 where nothing presses): an engine label, which no other node can set, or, where
/// the node is a manager, a label of its entry, which it can set at once.
pub const DEPARTING_LABEL: &str = "swarmlet.departing";
/// The label of a node's entry that says that the leader drained it for its departure, and by whose
/// word: see [`protocol::draining::DrainedFor`].
pub const DRAINED_LABEL: &str = "swarmlet.drained";
/// The label of a manager's entry that holds the epoch in which the leader's agent promoted it.
pub const PROMOTED_LABEL: &str = "swarmlet.promoted";
/// The label of a manager's entry that says whether the leader has protected its instance from scale-in: see
/// [`protocol::protection::Record`].
pub const PROTECTED_LABEL: &str = "swarmlet.protection";
/// The swarm label that holds when the join tokens were drawn last (seconds since the Unix epoch).
pub const ROTATED_LABEL: &str = "swarmlet.rotated";
/// The port of swarm management (`docker swarm init --listen-addr`).
pub const SWARM_PORT: u16 = 2377;

/// Why the engine did not do what it was asked.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum EngineError {
    /// Its API does not answer.
    #[error("cannot reach the Docker Engine: {0}")]
    Down(String),
    /// It did not answer in time. It may still be at it.
    #[error("the Docker Engine gave no answer in {} s", .0.as_secs())]
    Slow(Duration),
    /// It refused; Docker's own words.
    #[error("{message}")]
    Refused {
        /// HTTP status code; Docker overloads it, so the message decides.
        code: u16,
        /// The message.
        message: String,
    },
    /// The two have no version of the API in common; Docker's own words.
    #[error("cannot speak to the Docker Engine: {0}; install a newer swarmlet")]
    Unspoken(String),
    /// It says that it is in no swarm, while one is on its disk.
    #[error(
        "cannot use the Docker Engine: its swarm is on its disk, but not loaded before it starts again"
    )]
    Unloaded,
    /// The request for its restart could not be left.
    #[error("cannot ask for a restart of the Docker Engine: {0}")]
    Unasked(String),
    /// The request for the label of a departure could not be left.
    #[error("cannot announce the departure: {0}")]
    Unannounced(String),
    /// Forcing a new cluster would have done harm, and nothing was done.
    #[error("cannot force a new cluster: {0}")]
    Unforced(String),
}

/// How to create a swarm.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InitRequest {
    /// The private address to advertise.
    pub advertise: Ipv4Addr,
    /// Where overlay networks take their subnets: clear of the VPC.
    pub address_pool: Ipv4Net,
    /// Prefix length of one overlay network.
    pub subnet_size: u8,
    /// UDP port of the overlay data path, if not Docker's own.
    pub data_path_port: Option<u16>,
    /// Written into the swarm's labels.
    pub epoch: Epoch,
    /// Written into the swarm's labels.
    pub claim_nonce: String,
    /// Whether managers need a key to unlock their raft store after a restart.
    pub autolock: bool,
}

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

/// A node of the swarm, as a manager sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeEntry {
    /// Docker's id of it.
    pub id: String,
    /// The role it is meant to have (`Spec.Role`).
    pub role: Role,
    /// Whether it is given tasks (`Spec.Availability`).
    pub availability: Availability,
    /// The labels of its entry (`Spec.Labels`), which only managers can set.
    pub labels: BTreeMap<String, String>,
    /// Its state is `ready`.
    pub ready: bool,
    /// Its state is `down`. After a change of leader every node is `unknown` for a while, and
    /// that is not down.
    pub down: bool,
    /// The instance id in its engine's labels.
    pub instance_id: Option<String>,
    /// The value of [`DEPARTING_LABEL`] in its engine's labels.
    pub asks_to_leave: Option<u64>,
    /// Its address, as the manager sees it.
    pub address: Option<IpAddr>,
    /// If it is a manager: where it listens and whether raft reaches it.
    pub manager: Option<ManagerEntry>,
}

impl NodeEntry {
    /// Whether it is leaving, and until when it can wait: by its engine's word, or its entry's.
    pub fn departing(&self) -> Option<u64> {
        self.asks_to_leave.or_else(|| self.marked_leaving())
    }

    /// The value of [`DEPARTING_LABEL`] in its entry's labels. A value that is no time says that the
    /// node is leaving all the same.
    pub fn marked_leaving(&self) -> Option<u64> {
        let value = self.labels.get(DEPARTING_LABEL)?;
        Some(value.parse().unwrap_or_default())
    }

    /// Whether raft counts it, or will as soon as it can. One that is down and that raft does not
    /// know was either promoted and has yet to find its place, or was left behind when a cluster
    /// was forced: the epoch that its promotion wrote into its entry tells which.
    pub fn counts(&self, epoch: Option<Epoch>) -> bool {
        let promoted = || epoch.is_some() && self.promoted() >= epoch;
        self.role == Role::Manager && (self.is_in_raft() || !self.down || promoted())
    }

    /// Whether raft knows it: the engine then does not remove it before it is demoted.
    pub fn is_in_raft(&self) -> bool {
        self.role == Role::Manager && self.manager.is_some()
    }

    /// The value of [`PROMOTED_LABEL`].
    fn promoted(&self) -> Option<Epoch> {
        self.labels.get(PROMOTED_LABEL)?.parse().ok()
    }
}

/// A manager's part of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ManagerEntry {
    /// Where it listens.
    pub address: SocketAddr,
    /// Raft reaches it.
    pub reachable: bool,
    /// It is the leader.
    pub leader: bool,
}

/// How many tasks there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tasks {
    /// Those that run, by Docker's id of their node.
    pub running: BTreeMap<String, usize>,
    /// Those that are to run and do not yet, but for those that no node will do for.
    pub starting: usize,
}

/// What is to change of a node's entry; the rest stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NodeChange {
    /// Its role.
    pub role: Option<Role>,
    /// Whether it is given tasks.
    pub availability: Option<Availability>,
    /// Labels to set, and to take away where there is no value.
    pub labels: BTreeMap<String, Option<String>>,
}

impl NodeChange {
    /// Another role, and nothing else.
    pub fn role(role: Role) -> Self {
        Self {
            role: Some(role),
            ..Self::default()
        }
    }
}

/// The Docker Engine as the agent needs it.
pub trait Engine {
    /// What the engine says of itself (`GET /info`), and its certificates.
    async fn state(&self) -> Result<EngineState, EngineError>;

    /// Creates a swarm (`POST /swarm/init`).
    async fn init(&self, request: &InitRequest) -> Result<(), EngineError>;

    /// Joins as a worker (`POST /swarm/join`). Only the one address is dialled.
    async fn join(
        &self,
        manager: SocketAddr,
        token: &JoinToken,
        advertise: Ipv4Addr,
        availability: Availability,
    ) -> Result<(), EngineError>;

    /// Leaves the swarm, by force: a manager's engine asks for that (`POST /swarm/leave`).
    async fn leave(&self) -> Result<(), EngineError>;

    /// Makes a swarm of one manager out of what this one remembers of its old swarm, which it
    /// takes the other managers out of (`POST /swarm/init`, `ForceNewCluster`). Not where
    /// managers lock: Docker cannot do that, and forgets the swarm until its next start.
    async fn force_new_cluster(&self, advertise: Ipv4Addr) -> Result<(), EngineError>;

    /// The swarm's id, epoch and worker token (`GET /swarm`); managers only.
    async fn swarm(&self) -> Result<Swarm, EngineError>;

    /// Writes epoch and claim into the swarm's labels (`POST /swarm/update`) and keeps all
    /// else; fails where another writer comes between. Managers only.
    async fn mark_epoch(&self, epoch: Epoch, claim_nonce: &str) -> Result<(), EngineError>;

    /// All nodes, or those of one role (`GET /nodes`); managers only.
    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError>;

    /// Changes a node's role, availability or labels (`POST /nodes/<id>/update`), all of it or
    /// nothing; fails where another writer comes between. Managers only.
    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError>;

    /// Takes a node that is not `ready` off the list (`DELETE /nodes/<id>`, without force). One
    /// that is not on it counts as taken off. Managers only.
    async fn remove(&self, node_id: &str) -> Result<(), EngineError>;

    /// Draws new join tokens, if any (`POST /swarm/update`): the old ones are refused from then on.
    /// Writes the time (seconds since the Unix epoch) into the swarm's labels in the same update.
    /// Fails where another writer comes between. Managers only.
    async fn rotate(&self, tokens: Option<TokenKind>, now: u64) -> Result<(), EngineError>;

    /// The swarm's tasks, counted (`GET /tasks`); managers only.
    async fn tasks(&self) -> Result<Tasks, EngineError>;

    /// How many tasks of the swarm run in this engine, by its own word: containers with Docker's
    /// task label (`GET /containers/json`).
    async fn running_tasks(&self) -> Result<usize, EngineError>;

    /// The key that unlocks managers after a restart (`GET /swarm/unlockkey`), if they lock;
    /// managers only.
    async fn unlock_key(&self) -> Result<Option<SecretString>, EngineError>;

    /// Unlocks this manager's raft store (`POST /swarm/unlock`). Until there is a leader Docker
    /// gives no answer, though the store is unlocked: [`EngineError::Slow`] is no refusal.
    async fn unlock(&self, key: &SecretString) -> Result<(), EngineError>;

    /// Asks for the engine label [`DEPARTING_LABEL`] with this value, or for its end. It is set some
    /// time after, and a manager sees it up to 20 s later.
    async fn announce(&self, deadline: Option<u64>) -> Result<(), EngineError>;

    /// What its networks and pools, and the routes of its host, take of the addresses (`GET /info`, `GET /networks`).
    async fn taken(&self) -> Result<Vec<Ipv4Net>, EngineError>;

    /// Asks for a restart of the engine, which happens some time after.
    async fn restart(&self) -> Result<(), EngineError>;

    /// Asks for a start of the engine without its swarm state, if it does not start with it: that happens some
    /// time after, and the state is then gone.
    async fn clear_swarm(&self) -> Result<(), EngineError>;
}
