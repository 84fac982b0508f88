//! What the engine says of itself, put together from its answers and its files.

use std::path::PathBuf;

use bollard::models::SwarmInfo;

use super::connection::READ_LIMIT;
use super::{Docker, convert};
use crate::engine::{EngineError, certificate};
use crate::swarm::EngineState;

/// Asks the engine and reads its certificates.
pub(super) async fn read(docker: &Docker) -> Result<EngineState, EngineError> {
    let info = docker
        .call(READ_LIMIT, |c| async move { c.info().await })
        .await?;
    let data = PathBuf::from(info.docker_root_dir.unwrap_or_default());
    let papers = convert::Papers {
        subject: certificate::of_this_node(&data).await.unwrap_or_default(),
        ca_digest: certificate::root_digest(&data).await,
    };
    let swarm = info.swarm.unwrap_or_default();
    let leader = leads(docker, &swarm).await;
    Ok(convert::state(&swarm, papers, leader))
}

/// Whether this node is the leader. The leader may change after `/info`; the next round sees it.
async fn leads(docker: &Docker, swarm: &SwarmInfo) -> bool {
    let Some(id) = convert::node_id(swarm).filter(|_| convert::controls(swarm)) else {
        return false;
    };
    let node = docker
        .call(READ_LIMIT, |c| async move { c.inspect_node(&id).await })
        .await;
    node.is_ok_and(|node| convert::leads(&node))
}
