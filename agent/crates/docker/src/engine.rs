//! The Docker Engine as the agent needs it.

use std::net::{Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;
use secrecy::SecretString;

use crate::EngineError;
use protocol::{
    Availability, EngineState, Epoch, JoinToken, NodeChange, NodeEntry, Role, Swarm, Tasks,
    TokenKind,
};

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

/// The swarm's list of nodes; managers only.
pub trait NodeList {
    /// All nodes, or those of one role (`GET /nodes`).
    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError>;

    /// Changes a node's role, availability or labels (`POST /nodes/<id>/update`), all of it or
    /// nothing; fails where another writer comes between.
    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError>;

    /// Takes a node off the list (`DELETE /nodes/<id>`); one that is `ready` only by force. One
    /// that is not on it counts as taken off.
    async fn remove(&self, node_id: &str, force: bool) -> Result<(), EngineError>;
}

/// The Docker Engine as the agent needs it.
pub trait Engine: NodeList {
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
