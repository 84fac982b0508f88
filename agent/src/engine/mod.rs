//! Docker as the agent sees it.

pub mod certificate;
pub mod daemon_json;
mod digest;
pub mod docker;
pub mod install;
pub mod pools;
pub mod probe;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ipnet::Ipv4Net;
use secrecy::SecretString;
use thiserror::Error;

use crate::swarm::{EngineState, Epoch, JoinToken, Role};

/// The swarm label that holds its epoch.
pub const EPOCH_LABEL: &str = "swarmlet.epoch";
/// The swarm label that holds the nonce of the claim it was created under.
pub const CLAIM_LABEL: &str = "swarmlet.claim";
/// The engine label that holds the instance's id: how a manager ties node to instance.
pub const INSTANCE_LABEL: &str = "swarmlet.instance-id";
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
}

/// A node of the swarm, as a manager sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeEntry {
    /// Docker's id of it.
    pub id: String,
    /// Its role now.
    pub role: Role,
    /// Its state is `ready`.
    pub ready: bool,
    /// The instance id in its engine's labels.
    pub instance_id: Option<String>,
    /// Its address, as the manager sees it.
    pub address: Option<IpAddr>,
    /// If it is a manager: where it listens and whether raft reaches it.
    pub manager: Option<ManagerEntry>,
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

/// The Docker Engine as the agent needs it.
pub trait Engine {
    /// What the engine says of itself. Ages are zero: it is the caller who watches.
    async fn state(&self) -> Result<EngineState, EngineError>;

    /// Creates a swarm (`POST /swarm/init`).
    async fn init(&self, request: &InitRequest) -> Result<(), EngineError>;

    /// Joins as a worker (`POST /swarm/join`). Only the one address is dialled.
    async fn join(
        &self,
        manager: SocketAddr,
        token: &JoinToken,
        advertise: Ipv4Addr,
    ) -> Result<(), EngineError>;

    /// Leaves the swarm, by force: a manager's engine asks for that (`POST /swarm/leave`).
    async fn leave(&self) -> Result<(), EngineError>;

    /// The swarm's id, epoch and worker token (`GET /swarm`); managers only.
    async fn swarm(&self) -> Result<Swarm, EngineError>;

    /// All nodes (`GET /nodes`); managers only.
    async fn nodes(&self) -> Result<Vec<NodeEntry>, EngineError>;

    /// Makes a worker a manager (`POST /nodes/<id>/update`); managers only.
    async fn promote(&self, node_id: &str) -> Result<(), EngineError>;
}
