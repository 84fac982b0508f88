//! The real engine, over its socket. The API version is negotiated at each connection, so
//! that Docker 20.10 (API 1.41) works as well as the newest.

mod announce;
mod connection;
mod convert;
mod error;
mod examine;
mod list;
mod node;
mod raw;
mod registry;
mod restart;
#[cfg(test)]
mod scripted;
mod stack;
mod stack_image;
mod stack_object;
mod state;
mod store;
mod swarm;
mod task;
mod unlock;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ipnet::Ipv4Net;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::{Engine, EngineError, InitRequest, NodeList, routes};
use protocol::{Availability, EngineState, Epoch, JoinToken, Role, TokenKind};
use protocol::{NodeChange, NodeEntry, Swarm, Tasks};

pub use announce::FILE as ANNOUNCEMENT;
pub use examine::Setup;
pub use restart::CLEAR;
pub use stack_image::full_names;
pub use watch::Watch;

/// The engine behind a unix socket. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Docker {
    socket: PathBuf,
    runtime_dir: PathBuf,
    connection: Arc<Mutex<Option<bollard::Docker>>>,
}

impl Docker {
    /// The engine behind `socket`, whose restart is asked for in `runtime_dir`; nothing is
    /// opened yet.
    pub fn new(socket: &Path, runtime_dir: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            runtime_dir: runtime_dir.to_owned(),
            connection: Arc::default(),
        }
    }
}

impl NodeList for Docker {
    async fn nodes(&self, role: Option<Role>) -> Result<Vec<NodeEntry>, EngineError> {
        node::list(self, role).await
    }

    async fn update(&self, node_id: &str, change: &NodeChange) -> Result<(), EngineError> {
        node::update(self, node_id, change).await
    }

    async fn remove(&self, node_id: &str, force: bool) -> Result<(), EngineError> {
        node::remove(self, node_id, force).await
    }
}

impl Engine for Docker {
    async fn state(&self) -> Result<EngineState, EngineError> {
        state::read(self).await
    }

    async fn init(&self, request: &InitRequest) -> Result<(), EngineError> {
        swarm::init(self, request).await
    }

    async fn join(
        &self,
        manager: SocketAddr,
        token: &JoinToken,
        advertise: Ipv4Addr,
        availability: Availability,
    ) -> Result<(), EngineError> {
        swarm::join(&self.socket, manager, token, advertise, availability).await
    }

    async fn leave(&self) -> Result<(), EngineError> {
        swarm::leave(self).await
    }

    async fn force_new_cluster(&self, advertise: Ipv4Addr) -> Result<(), EngineError> {
        swarm::force_new_cluster(self, advertise).await
    }

    async fn swarm(&self) -> Result<Swarm, EngineError> {
        convert::swarm(swarm::inspect(self).await?)
    }

    async fn mark_epoch(&self, epoch: Epoch, claim_nonce: &str) -> Result<(), EngineError> {
        swarm::mark_epoch(self, epoch, claim_nonce).await
    }

    async fn rotate(&self, tokens: Option<TokenKind>, now: u64) -> Result<(), EngineError> {
        swarm::rotate(self, tokens, now).await
    }

    async fn tasks(&self) -> Result<Tasks, EngineError> {
        task::list(self).await
    }

    async fn running_tasks(&self) -> Result<usize, EngineError> {
        node::running_tasks(self).await
    }

    async fn unlock_key(&self) -> Result<Option<SecretString>, EngineError> {
        unlock::key(&self.socket).await
    }

    async fn unlock(&self, key: &SecretString) -> Result<(), EngineError> {
        unlock::unlock(&self.socket, key).await
    }

    async fn announce(&self, deadline: Option<u64>) -> Result<(), EngineError> {
        announce::ask(&self.runtime_dir, deadline)
    }

    async fn taken(&self) -> Result<Vec<Ipv4Net>, EngineError> {
        let setup = self.setup(connection::READ_LIMIT).await?;
        let networks = setup.networks.into_iter().map(|(_, subnet)| subnet);
        let routes = routes::of_host(Path::new("/"));
        Ok(setup
            .pools
            .into_iter()
            .chain(networks)
            .chain(routes)
            .collect())
    }

    async fn restart(&self) -> Result<(), EngineError> {
        restart::ask(&self.runtime_dir, restart::RESTART).await
    }

    async fn clear_swarm(&self) -> Result<(), EngineError> {
        restart::ask(&self.runtime_dir, restart::CLEAR).await
    }
}
