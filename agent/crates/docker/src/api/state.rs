//! What the engine says of itself, put together from its answers and its files.

use std::path::{Path, PathBuf};

use bollard::models::{SwarmInfo, SystemInfo};

use super::connection::READ_LIMIT;
use super::{Docker, convert};
use crate::{EngineError, certificate};
use protocol::EngineState;

/// Asks the engine and reads its certificates.
pub(super) async fn read(docker: &Docker) -> Result<EngineState, EngineError> {
    let info = info(docker).await?;
    let data = PathBuf::from(info.docker_root_dir.unwrap_or_default());
    let papers = convert::Papers {
        subject: certificate::of_this_node(&data).await.unwrap_or_default(),
        ca_digest: certificate::root_digest(&data).await,
        locks: certificate::is_locking(&data).await.unwrap_or_default(),
    };
    let swarm = info.swarm.unwrap_or_default();
    let leader = leads(docker, &swarm).await;
    match convert::state(&swarm, papers, leader) {
        EngineState::Inactive if is_unloaded(&data) => Err(EngineError::Unloaded),
        state => Ok(state),
    }
}

/// The engine's data folder (`DockerRootDir`).
pub(super) async fn data(docker: &Docker) -> Result<PathBuf, EngineError> {
    let info = info(docker).await?;
    Ok(info.docker_root_dir.unwrap_or_default().into())
}

/// What it says of itself (`GET /info`).
pub(super) async fn info(docker: &Docker) -> Result<SystemInfo, EngineError> {
    docker
        .call(READ_LIMIT, |c| async move { c.info().await })
        .await
}

/// After a forced new cluster that failed the engine says that it is in no swarm, though all of
/// it is on its disk: whatever it is told to join or create then, that is lost. A leave or a
/// failed join leave no such file.
fn is_unloaded(data: &Path) -> bool {
    data.join("swarm/docker-state.json").exists()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swarm_on_disk_is_told_from_none() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(data.path().join("swarm")).unwrap();
        assert!(!is_unloaded(data.path()));
        std::fs::write(data.path().join("swarm/docker-state.json"), "{}").unwrap();
        assert!(is_unloaded(data.path()));
    }
}
