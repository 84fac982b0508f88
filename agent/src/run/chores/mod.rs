//! What the leader's agent does for all: one file a chore.
//!
//! A stale leader's writes into the swarm cannot commit, and what it publishes is looked
//! at again within a minute by the one that follows it.

mod promote;
mod publish;

use std::time::Duration;

use super::{Agent, StepError};
use crate::cloud::fleet::Fleet;
use crate::cloud::parameter_store::ParameterStore;
use crate::engine::Engine;
use crate::engine::probe::Probe;

use promote::FleetView;
use publish::Published;

/// What the chores remember from round to round. None of it matters after a restart.
#[derive(Debug, Default)]
pub(super) struct Chores {
    published: Published,
    fleet: FleetView,
}

impl<S, F, E, P> Agent<S, F, E, P>
where
    S: ParameterStore,
    F: Fleet,
    E: Engine,
    P: Probe,
{
    /// Does what is due; says when to look again, if before the next round. The node list
    /// comes from the local engine: without a change in it, AWS is not asked.
    pub(super) async fn do_chores(&mut self) -> Result<Option<Duration>, StepError> {
        let nodes = self.edges.engine.nodes().await?;
        self.publish(&nodes).await?;
        self.promote(&nodes).await
    }
}
