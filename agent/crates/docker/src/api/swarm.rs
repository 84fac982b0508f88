//! Calls about the swarm as a whole.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bollard::models::{Swarm, SwarmInitRequest, SwarmSpec, SwarmSpecEncryptionConfig};
use bollard::query_parameters::{LeaveSwarmOptions, UpdateSwarmOptions};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::json;

use super::connection::READ_LIMIT;
use super::{Docker, convert, raw, state};
use crate::{EngineError, InitRequest, certificate};
use protocol::SWARM_PORT;
use protocol::labels::{CLAIM_LABEL, EPOCH_LABEL, ROTATED_LABEL};
use protocol::{Availability, Epoch, JoinToken, TokenKind};

/// The engine gives up waiting for a join after 20 s, and goes on in the background.
const JOIN_LIMIT: Duration = Duration::from_secs(30);
const INIT_LIMIT: Duration = Duration::from_mins(1);
/// Mostly a second, but 38 s was seen where tasks ran or a route was missing.
const FORCE_LIMIT: Duration = Duration::from_mins(2);
/// A leave queues behind a join that goes on in the background.
const LEAVE_LIMIT: Duration = Duration::from_mins(1);
const LISTEN: &str = "0.0.0.0:2377";

pub(super) async fn init(docker: &Docker, request: &InitRequest) -> Result<(), EngineError> {
    let encryption = SwarmSpecEncryptionConfig {
        auto_lock_managers: Some(request.autolock),
    };
    let spec = SwarmSpec {
        labels: Some(labels(request.epoch, &request.claim_nonce).into()),
        encryption_config: Some(encryption),
        ..SwarmSpec::default()
    };
    let body = SwarmInitRequest {
        data_path_port: request.data_path_port.map(u32::from),
        default_addr_pool: Some(vec![request.address_pool.to_string()]),
        subnet_size: Some(request.subnet_size.into()),
        spec: Some(spec),
        ..addresses(request.advertise)
    };
    create(docker, INIT_LIMIT, body).await
}

pub(super) async fn force_new_cluster(
    docker: &Docker,
    advertise: Ipv4Addr,
) -> Result<(), EngineError> {
    refuse_to_lose_state(&state::data(docker).await?).await?;
    let body = SwarmInitRequest {
        force_new_cluster: Some(true),
        ..addresses(advertise)
    };
    create(docker, FORCE_LIMIT, body).await
}

/// Where managers lock, Docker stops its node and then cannot start it for want of the key.
async fn refuse_to_lose_state(data: &Path) -> Result<(), EngineError> {
    match certificate::is_locking(data).await {
        Ok(false) => Ok(()),
        Ok(true) => Err(EngineError::Unforced(
            "managers of this swarm lock, which Docker cannot do it with; start another of its managers".into(),
        )),
        Err(error) => Err(EngineError::Unforced(format!(
            "whether managers lock cannot be told from their key: {error}"
        ))),
    }
}

fn addresses(advertise: Ipv4Addr) -> SwarmInitRequest {
    SwarmInitRequest {
        listen_addr: Some(LISTEN.into()),
        advertise_addr: Some(format!("{advertise}:{SWARM_PORT}")),
        ..SwarmInitRequest::default()
    }
}

async fn create(
    docker: &Docker,
    limit: Duration,
    body: SwarmInitRequest,
) -> Result<(), EngineError> {
    let init = |c: bollard::Docker| async move { c.init_swarm(body).await };
    docker.call(limit, init).await.map(|_| ())
}

fn labels(epoch: Epoch, claim_nonce: &str) -> [(String, String); 2] {
    [
        (EPOCH_LABEL.to_owned(), epoch.to_string()),
        (CLAIM_LABEL.to_owned(), claim_nonce.to_owned()),
    ]
}

/// The client library's request has no availability.
pub(super) async fn join(
    socket: &Path,
    manager: SocketAddr,
    token: &JoinToken,
    advertise: Ipv4Addr,
    availability: Availability,
) -> Result<(), EngineError> {
    let body = json!({
        "ListenAddr": LISTEN,
        "AdvertiseAddr": format!("{advertise}:{SWARM_PORT}"),
        "RemoteAddrs": [manager.to_string()],
        "JoinToken": token.secret().expose_secret(),
        "Availability": availability.as_str(),
    });
    let joined = raw::send(
        socket,
        Method::POST,
        "swarm/join",
        JOIN_LIMIT,
        body.to_string(),
    )
    .await;
    joined.map(|_| ())
}

pub(super) async fn leave(docker: &Docker) -> Result<(), EngineError> {
    let force = Some(LeaveSwarmOptions { force: true });
    let leave = |c: bollard::Docker| async move { c.leave_swarm(force).await };
    docker.call(LEAVE_LIMIT, leave).await
}

pub(super) async fn inspect(docker: &Docker) -> Result<Swarm, EngineError> {
    let inspect = |c: bollard::Docker| async move { c.inspect_swarm().await };
    docker.call(READ_LIMIT, inspect).await
}

pub(super) async fn mark_epoch(
    docker: &Docker,
    epoch: Epoch,
    claim_nonce: &str,
) -> Result<(), EngineError> {
    let swarm = inspect(docker).await?;
    // The version makes it a compare-and-swap: another writer in between wins.
    let options = UpdateSwarmOptions {
        version: convert::version(swarm.version)?,
        ..UpdateSwarmOptions::default()
    };
    let spec = marked(swarm.spec.unwrap_or_default(), epoch, claim_nonce);
    let update = |c: bollard::Docker| async move { c.update_swarm(spec, options).await };
    docker.call(READ_LIMIT, update).await
}

pub(super) async fn rotate(
    docker: &Docker,
    tokens: Option<TokenKind>,
    now: u64,
) -> Result<(), EngineError> {
    let swarm = inspect(docker).await?;
    let options = UpdateSwarmOptions {
        version: convert::version(swarm.version)?,
        rotate_worker_token: matches!(tokens, Some(TokenKind::Worker | TokenKind::All)),
        rotate_manager_token: matches!(tokens, Some(TokenKind::Manager | TokenKind::All)),
        ..UpdateSwarmOptions::default()
    };
    let mut spec = swarm.spec.unwrap_or_default();
    let held = spec.labels.get_or_insert_default();
    held.insert(ROTATED_LABEL.to_owned(), now.to_string());
    let update = |c: bollard::Docker| async move { c.update_swarm(spec, options).await };
    docker.call(READ_LIMIT, update).await
}

/// The same settings with the two labels. An update replaces all settings at once.
fn marked(mut spec: SwarmSpec, epoch: Epoch, claim_nonce: &str) -> SwarmSpec {
    let held = spec.labels.get_or_insert_default();
    held.extend(labels(epoch, claim_nonce));
    spec
}

#[cfg(test)]
#[path = "swarm_tests.rs"]
mod tests;
