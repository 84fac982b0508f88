//! Labels and activation: the decision is `leader::labelling`, the facts come from here.

use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use protocol::leader::claims::Claims;
use protocol::leader::labelling::{self, Labelling};
use protocol::{NodeChange, NodeEntry};

/// So many nodes at most in one round: the other chores wait meanwhile.
const AT_ONCE: usize = 50;

impl<O: Outside> Agent<O> {
    /// Labels and activates the nodes that are ready. One that fails does not hold the others up.
    pub(super) async fn label(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let mut due = self.unlabelled(nodes);
        let more = due.len() > AT_ONCE;
        due.truncate(AT_ONCE);
        let mut failed = None;
        for (node_id, change) in due {
            let activated = change.availability.is_some();
            match self.change(&node_id, &change).await {
                Ok(true) => info!(labelled = node_id, activated, "node labelled"),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(more.then_some(Duration::ZERO)),
        }
    }

    fn unlabelled(&self, nodes: &[NodeEntry]) -> Vec<(String, NodeChange)> {
        let managers = self.settings.swarm.manager_availability;
        let seen = self.snapshot(nodes);
        let claims = Claims::of(&seen);
        let mut due = Vec::new();
        for node in nodes.iter().filter(|node| node.ready) {
            if let Labelling::Change(change) = labelling::next(node, claims.claim(node), managers)
                && self.held(&node.id, &change).is_none()
            {
                due.push((node.id.clone(), change));
            }
        }
        due
    }
}
