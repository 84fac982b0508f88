//! Nodes that leave are drained in turn: the decision is `swarm::draining`, the facts come from here.

use std::collections::BTreeMap;
use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::labels::{DEPARTING_LABEL, DRAINED_LABEL};
use protocol::leader::draining::{self, DrainedFor, Draining};
use protocol::pace::ROUND;
use protocol::{Availability, Role, leader::labelling};
use protocol::{NodeChange, NodeEntry, Tasks};

/// Nothing tells the leader that a node's last task has ended: it looks this often, and less and less
/// often while nothing changes.
const AGAIN: Duration = Duration::from_secs(1);

/// Since when demoted managers say by their entries that they leave, and not by their engines: by node.
#[derive(Debug, Default)]
pub(super) struct Silence(BTreeMap<String, Duration>);

impl Silence {
    /// Notes who is silent at `now`, a time of the host's clock.
    fn look(&mut self, nodes: &[NodeEntry], now: Duration) {
        let marked = |node: &&NodeEntry| node.ready && node.marked_leaving().is_some();
        let silent = nodes.iter().filter(marked);
        let silent = silent.filter(|n| n.role == Role::Worker && n.asks_to_leave.is_none());
        let since = |node: &NodeEntry| self.0.get(&node.id).copied().unwrap_or(now);
        self.0 = silent.map(|n| (n.id.clone(), since(n))).collect();
    }

    fn is_long(&self, id: &str, now: Duration) -> bool {
        let since = self.0.get(id);
        since.is_some_and(|since| now.saturating_sub(*since) >= draining::SILENT)
    }
}

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
        let silence = &mut self.chores.silence;
        silence.look(nodes, now.up);
        let fact = |node: &NodeEntry| fact(node, &tasks, silence.is_long(&node.id, now.up));
        let facts: Vec<_> = nodes.iter().map(fact).collect();
        let managers = self.settings.swarm.manager_availability;
        let mut failed = None;
        for (fact, step) in draining::next(&facts, tasks.starting, now.unix) {
            let Some(node) = nodes.iter().find(|node| node.id == fact.id) else {
                continue;
            };
            let change = change(node, step, managers);
            match self.change(&node.id, &change).await {
                Ok(true) => tell(node, step),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        let leave: Vec<_> = draining::under_way(&facts).cloned().collect();
        if leave.is_empty() {
            self.chores.draining.over();
            return Ok(None);
        }
        let seen = (leave, tasks.starting);
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

fn fact(node: &NodeEntry, tasks: &Tasks, silent: bool) -> draining::Node {
    let record = node.labels.get(DRAINED_LABEL);
    draining::Node {
        id: node.id.clone(),
        ready: node.ready,
        availability: node.availability,
        asks: node.asks_to_leave,
        marked: node.marked_leaving(),
        silent,
        drained_for: record.and_then(|word| DrainedFor::parse(word)),
        tasks: tasks.running.get(&node.id).copied().unwrap_or_default(),
    }
}

/// A node that was not activated before its departure is activated with its labels, not here.
fn change(node: &NodeEntry, step: Draining, managers: Availability) -> NodeChange {
    let record = |word: DrainedFor| (DRAINED_LABEL.to_owned(), Some(word.as_str().to_owned()));
    let was_active = node.labels.contains_key(labelling::ACTIVATED);
    let (availability, labels) = match step {
        Draining::Drain(word) => (Some(Availability::Drain), [record(word)].into()),
        Draining::Pause(word) => (Some(Availability::Pause), [record(word)].into()),
        Draining::Note => (None, [record(DrainedFor::Asked)].into()),
        Draining::Undo => (
            was_active.then(|| labelling::usual(node.role, managers)),
            [DRAINED_LABEL, DEPARTING_LABEL]
                .map(|key| (key.to_owned(), None))
                .into(),
        ),
    };
    NodeChange {
        availability,
        labels,
        role: None,
    }
}
