//! The real engine, over its socket. The API version is negotiated at each connection, so
//! that Docker 20.10 (API 1.41) works as well as the newest.

mod convert;
mod error;
mod watch;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{NodeSpecRoleEnum, SwarmInitRequest, SwarmJoinRequest, SwarmSpec};
use bollard::query_parameters::{LeaveSwarmOptions, ListNodesOptions, UpdateNodeOptions};
use secrecy::ExposeSecret;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{
    CLAIM_LABEL, EPOCH_LABEL, Engine, EngineError, InitRequest, NodeEntry, SWARM_PORT, Swarm,
    certificate,
};
use crate::swarm::{EngineState, JoinToken};
use error::sort;

pub use watch::Watch;

/// A manager in the middle of an election blocks for 20 s.
const READ_LIMIT: Duration = Duration::from_secs(25);
/// The engine gives up waiting for a join after 20 s, and goes on in the background.
const JOIN_LIMIT: Duration = Duration::from_secs(30);
const INIT_LIMIT: Duration = Duration::from_mins(1);
/// A leave queues behind a join that goes on in the background.
const LEAVE_LIMIT: Duration = Duration::from_mins(1);
const LISTEN: &str = "0.0.0.0:2377";

/// The engine behind a unix socket. Clones share one connection.
#[derive(Clone, Debug)]
pub struct Docker {
    socket: PathBuf,
    connection: Arc<Mutex<Option<bollard::Docker>>>,
}

impl Docker {
    /// The engine behind `socket`; nothing is opened yet.
    pub fn new(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            connection: Arc::default(),
        }
    }

    /// A connection whose API version both sides know.
    async fn client(&self) -> Result<bollard::Docker, EngineError> {
        let mut held = self.connection.lock().await;
        if let Some(client) = held.as_ref() {
            return Ok(client.clone());
        }
        let socket = self.socket.to_string_lossy();
        let seconds = LEAVE_LIMIT.as_secs();
        let client =
            bollard::Docker::connect_with_unix(&socket, seconds, bollard::API_DEFAULT_VERSION);
        let client = within(READ_LIMIT, client.map_err(sort)?.negotiate_version()).await?;
        *held = Some(client.clone());
        Ok(client)
    }

    /// One call within its time. A connection that failed is made anew, since the engine
    /// behind it may be another version after an upgrade.
    async fn call<T, F, Fut>(&self, limit: Duration, call: F) -> Result<T, EngineError>
    where
        F: FnOnce(bollard::Docker) -> Fut,
        Fut: Future<Output = Result<T, bollard::errors::Error>>,
    {
        let client = self.client().await?;
        let result = within(limit, call(client)).await;
        if matches!(result, Err(EngineError::Down(_))) {
            *self.connection.lock().await = None;
        }
        result
    }
}

async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, EngineError> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(sort),
        Err(_) => Err(EngineError::Slow(limit)),
    }
}

impl Engine for Docker {
    async fn state(&self) -> Result<EngineState, EngineError> {
        let info = self
            .call(READ_LIMIT, |c| async move { c.info().await })
            .await?;
        let data = PathBuf::from(info.docker_root_dir.unwrap_or_default());
        let swarm = info.swarm.unwrap_or_default();
        let certificate = certificate::of_this_node(&data).await.unwrap_or_default();
        let node_id = swarm.node_id.clone().filter(|id| !id.is_empty());
        let leads = match node_id.filter(|_| convert::controls(&swarm)) {
            // The leader may change between the two calls; the next round sees it.
            Some(id) => {
                self.call(READ_LIMIT, |c| async move { c.inspect_node(&id).await })
                    .await
            }
            None => return Ok(convert::state(&swarm, certificate, false)),
        };
        let leader = leads.is_ok_and(|node| convert::leads(&node));
        Ok(convert::state(&swarm, certificate, leader))
    }

    async fn init(&self, request: &InitRequest) -> Result<(), EngineError> {
        let labels = [
            (EPOCH_LABEL.to_owned(), request.epoch.to_string()),
            (CLAIM_LABEL.to_owned(), request.claim_nonce.clone()),
        ];
        let spec = SwarmSpec {
            labels: Some(labels.into()),
            ..SwarmSpec::default()
        };
        let body = SwarmInitRequest {
            listen_addr: Some(LISTEN.into()),
            advertise_addr: Some(format!("{}:{SWARM_PORT}", request.advertise)),
            data_path_port: request.data_path_port.map(u32::from),
            default_addr_pool: Some(vec![request.address_pool.to_string()]),
            subnet_size: Some(request.subnet_size.into()),
            spec: Some(spec),
            ..SwarmInitRequest::default()
        };
        let init = |c: bollard::Docker| async move { c.init_swarm(body).await };
        self.call(INIT_LIMIT, init).await.map(|_| ())
    }

    async fn join(
        &self,
        manager: SocketAddr,
        token: &JoinToken,
        advertise: Ipv4Addr,
    ) -> Result<(), EngineError> {
        let body = SwarmJoinRequest {
            listen_addr: Some(LISTEN.into()),
            advertise_addr: Some(format!("{advertise}:{SWARM_PORT}")),
            remote_addrs: Some(vec![manager.to_string()]),
            join_token: Some(token.secret().expose_secret().to_owned()),
            ..SwarmJoinRequest::default()
        };
        self.call(JOIN_LIMIT, |c| async move { c.join_swarm(body).await })
            .await
    }

    async fn leave(&self) -> Result<(), EngineError> {
        let force = LeaveSwarmOptions { force: true };
        self.call(
            LEAVE_LIMIT,
            |c| async move { c.leave_swarm(Some(force)).await },
        )
        .await
    }

    async fn swarm(&self) -> Result<Swarm, EngineError> {
        let swarm = self
            .call(READ_LIMIT, |c| async move { c.inspect_swarm().await })
            .await?;
        convert::swarm(swarm)
    }

    async fn nodes(&self) -> Result<Vec<NodeEntry>, EngineError> {
        let all = None::<ListNodesOptions>;
        let nodes = self
            .call(READ_LIMIT, |c| async move { c.list_nodes(all).await })
            .await?;
        Ok(nodes.into_iter().filter_map(convert::node).collect())
    }

    async fn promote(&self, node_id: &str) -> Result<(), EngineError> {
        let node = self
            .call(READ_LIMIT, |c| async move { c.inspect_node(node_id).await })
            .await?;
        let version = node.version.and_then(|v| v.index).unwrap_or_default();
        let mut spec = node.spec.unwrap_or_default();
        spec.role = Some(NodeSpecRoleEnum::MANAGER);
        // The version makes it a compare-and-swap: another writer in between wins.
        let options = UpdateNodeOptions {
            version: i64::try_from(version).unwrap_or_default(),
        };
        let update =
            |c: bollard::Docker| async move { c.update_node(node_id, spec, options).await };
        self.call(READ_LIMIT, update).await
    }
}
