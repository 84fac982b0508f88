//! Looking: this host's engine, and what its agent has said last.

use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use super::{SwarmView, assemble};
use crate::status::{self, Status};
use docker::EngineError;
use docker::api::Docker;
use protocol::Kind;

/// Why the swarm cannot be seen from here.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum Unseen {
    /// The engine does not say.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Only managers can see it.
    #[error("cannot see the swarm from here: this node is no manager")]
    NotManager,
    /// Nobody leads.
    #[error("cannot see the swarm: its managers have no leader: too few of them answer")]
    NoLeader,
}

/// The swarm, if this host's engine is a manager of it and answers within `limit` a call.
pub async fn gather(
    docker: &Docker,
    runtime_dir: &Path,
    limit: Duration,
) -> Result<SwarmView, Unseen> {
    let state = docker.state_within(limit).await?;
    see(
        docker,
        state.kind(),
        Status::read(runtime_dir).ok().as_ref(),
        limit,
    )
    .await
}

/// The same, where the engine's state and the agent's status are known already.
pub(crate) async fn see(
    docker: &Docker,
    kind: Kind,
    status: Option<&Status>,
    limit: Duration,
) -> Result<SwarmView, Unseen> {
    match kind {
        Kind::Manager => {
            let listing = docker.listing(limit).await?;
            Ok(assemble(&listing, status, status::now()))
        }
        Kind::NoLeader => Err(Unseen::NoLeader),
        _ => Err(Unseen::NotManager),
    }
}
