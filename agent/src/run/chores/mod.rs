//! What the leader's agent does for all: one file a chore.
//!
//! A stale leader's writes into the swarm cannot commit, and what it publishes is looked
//! at again within a minute by the one that follows it.

mod lock;
mod promote;
mod publish;
mod reap;

use std::time::Duration;

use super::{Agent, Outside, StepError};
use crate::engine::Engine;

use promote::FleetView;
use publish::Published;

/// What the chores remember from round to round. None of it matters after a restart.
#[derive(Debug, Default)]
pub(super) struct Chores {
    published: Published,
    key: lock::Published,
    watch: reap::Watch,
    fleet: FleetView,
}

impl<O: Outside> Agent<O> {
    /// Does what is due; says when to look again, if before the next round. The node list
    /// comes from the local engine: without a change in it, AWS is not asked.
    pub(super) async fn do_chores(&mut self) -> Result<Option<Duration>, StepError> {
        let nodes = self.edges.engine.nodes(None).await?;
        self.remember_peers(&nodes)?;
        let swarm = self.edges.engine.swarm().await?;
        self.publish(&nodes, &swarm).await?;
        self.publish_key(&swarm).await?;
        let reap = self.reap(&nodes).await?;
        let promote = self.promote(&nodes, &swarm).await?;
        Ok([reap, promote].into_iter().flatten().min())
    }
}
