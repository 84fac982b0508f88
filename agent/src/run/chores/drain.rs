//! Nodes that leave are drained in turn: the decision is `leader::draining`.

use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::labels::DRAINED_LABEL;
use protocol::leader::Snapshot;
use protocol::leader::draining::{self, Draining};
use protocol::pace::ROUND;
use protocol::{Instances, NodeEntry, Tasks};

/// Nothing tells the leader that a node's last task has ended: it looks this often, and less and less
/// often while nothing changes.
const AGAIN: Duration = Duration::from_secs(1);

impl<O: Outside> Agent<O> {
    /// Drains whose turn it is, and takes back what was called off; says when to look again.
    pub(super) async fn drain(
        &mut self,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let drained = |node: &NodeEntry| node.labels.contains_key(DRAINED_LABEL);
        let leaves = nodes.iter().any(|node| node.departing().is_some());
        if !leaves && !nodes.iter().any(drained) {
            return Ok(None);
        }
        let tasks = if leaves {
            self.edges.engine.tasks().await?
        } else {
            Tasks::default()
        };
        let now = self.edges.now();
        self.chores.silence.look(nodes, now);
        let silence = self.chores.silence.clone();
        let instances = Instances::default();
        let seen = Snapshot {
            nodes,
            instances: &instances,
            tasks: &tasks,
            epoch: None,
            now,
        };
        let managers = self.settings.swarm.manager_availability;
        let mut failed = None;
        for (node, step) in draining::next(&seen, &silence) {
            let change = draining::change(node, step, managers);
            match self.change(&node.id, &change).await {
                Ok(true) => tell(node, step),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let Some(seen) = draining::under_way(&seen, &silence) else {
            self.chores.draining.over();
            return Ok(None);
        };
        let pause = self.chores.draining.look(seen, AGAIN, ROUND, now);
        Ok(Some(pause))
    }
}

fn tell(node: &NodeEntry, step: Draining) {
    match step {
        Draining::Drain(_) => info!(drained = node.id, "node that leaves drained"),
        Draining::Undo => info!(stays = node.id, "departure called off: node activated"),
        Draining::Pause(_) | Draining::Note => {}
    }
}
