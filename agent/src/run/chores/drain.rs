//! Nodes that leave are drained in turn: the decision is `leader::draining`.

use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::labels::DRAINED_LABEL;
use protocol::leader::Snapshot;
use protocol::leader::draining::{self, Draining};
use protocol::pace::ROUND;
use protocol::{NodeEntry, Tasks};

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
        let mut turns = std::mem::take(&mut self.chores.turns);
        let managers = self.settings.swarm.manager_availability;
        let (steps, under_way) = {
            let seen = Snapshot {
                tasks: &tasks,
                ..self.snapshot(nodes)
            };
            turns.look(&seen);
            let steps = draining::next(&seen, &silence, &turns).into_iter();
            let steps: Vec<_> = steps.map(|(node, step)| (node.clone(), step)).collect();
            (steps, draining::under_way(&seen, &silence))
        };
        self.chores.turns = turns;
        let mut failed = None;
        for (node, step) in steps {
            let change = draining::change(&node, step, managers);
            match self.change(&node.id, &change).await {
                Ok(true) => tell(&node, step),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let Some(seen) = under_way else {
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
