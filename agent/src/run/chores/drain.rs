//! Nodes that leave are drained in turn: the decision is `leader::draining`.

use std::time::Duration;

use super::applier::Applier;
use super::snapshot::snapshot;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use docker::Engine;
use protocol::labels::DRAINED_LABEL;
use protocol::leader::draining::{self, Silence, Turns, UnderWay};
use protocol::leader::{Records, Snapshot};
use protocol::node::Node;
use protocol::pace::ROUND;
use protocol::repeats::Stillness;
use protocol::{NodeEntry, Tasks};

/// Nothing tells the leader that a node's last task has ended: it looks this often, and less and less
/// often while nothing changes.
const AGAIN: Duration = Duration::from_secs(1);

/// What this chore remembers.
#[derive(Debug, Default)]
pub(super) struct Drains {
    /// Demoted managers whose engines do not say that they leave.
    silence: Silence,
    /// What those that leave wait for, and since when.
    turns: Turns,
    /// What a departure waits for: who loses how many tasks, and how many are to start.
    waits: Stillness<UnderWay>,
}

impl Drains {
    /// Drains whose turn it is, and takes back what was called off; says when to look again.
    pub(super) async fn drain<O: Outside>(
        &mut self,
        context: &Context<O>,
        node: &Node,
        records: &Records,
        applier: &mut Applier,
        nodes: &[NodeEntry],
    ) -> Result<Option<Duration>, StepError> {
        let edges = &context.edges;
        let drained = |node: &NodeEntry| node.labels.contains_key(DRAINED_LABEL);
        let leaves = nodes.iter().any(|node| node.departing().is_some());
        if !leaves && !nodes.iter().any(drained) {
            return Ok(None);
        }
        let tasks = if leaves {
            edges.engine.tasks().await?
        } else {
            Tasks::default()
        };
        let now = edges.now();
        self.silence.look(nodes, now);
        let seen = Snapshot {
            tasks: &tasks,
            ..snapshot(context, node, records, nodes)
        };
        self.turns.look(&seen);
        let managers = context.settings.swarm.manager_availability;
        let plan = draining::plan(&seen, &self.silence, &self.turns, managers);
        let under_way = draining::under_way(&seen, &self.silence);
        applier
            .carry_out(&edges.engine, edges, plan, |_| {})
            .await?;
        let Some(seen) = under_way else {
            self.waits.over();
            return Ok(None);
        };
        Ok(Some(self.waits.look(seen, AGAIN, ROUND, now)))
    }
}
