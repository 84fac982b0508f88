//! Entries of nodes that are gone for good: the decision is `swarm::reaping`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::leader::reaping::{self, Entry, Reaping, Removal};
use protocol::{Moment, Role, Series, Stamp, pace};
use protocol::{NodeChange, NodeEntry};

/// Nothing tells that a node stays down: it is looked at again after this long.
const AGAIN: Duration = Duration::from_secs(15);
/// One that said that it leaves, sooner.
const DEPARTED_AGAIN: Duration = Duration::from_secs(5);
/// The brake: one node in [`SHARE`] may be removed in this time.
const WINDOW: Duration = Duration::from_mins(5);
const SHARE: usize = 5;

/// What this leader has seen of nodes that are down, and what it has removed lately.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Watch {
    down: BTreeMap<String, Series<()>>,
    removed: VecDeque<Stamp>,
}

impl Watch {
    fn look(&mut self, nodes: &[NodeEntry], now: Moment) {
        let mut before = std::mem::take(&mut self.down);
        for node in nodes.iter().filter(|node| node.down) {
            let mut seen = before.remove(&node.id);
            Series::see(&mut seen, (), |(), ()| true, pace::SERIES, now);
            self.down.extend(seen.map(|seen| (node.id.clone(), seen)));
        }
    }

    fn entry(&self, node: &NodeEntry) -> Entry {
        let down = self.down.get(&node.id);
        Entry {
            id: node.id.clone(),
            in_raft: node.is_in_raft(),
            ready: node.ready,
            down: down.map(|seen| (seen.lasted(), seen.looks())),
            departing: node.goes(),
            instance_id: node.instance_id.clone(),
        }
    }

    fn allowed(&mut self, nodes: usize, now: Moment) -> usize {
        while self.removed.front().is_some_and(|at| at.age(now) > WINDOW) {
            self.removed.pop_front();
        }
        (nodes / SHARE).max(1).saturating_sub(self.removed.len())
    }
}

impl<O: Outside> Agent<O> {
    /// Takes dead nodes' entries away if it is time to; says when to look again. Raft's members
    /// change only while the ticket is right.
    pub(super) async fn reap(
        &mut self,
        nodes: &[NodeEntry],
        published: bool,
    ) -> Result<Option<Duration>, StepError> {
        let now = self.edges.now();
        let watch = &mut self.chores.watch;
        watch.look(nodes, now);
        if watch.down.is_empty() {
            return Ok(None);
        }
        let allowed = watch.allowed(nodes.len(), now);
        let entries: Vec<Entry> = nodes.iter().map(|node| watch.entry(node)).collect();
        let down = entries.iter().filter(|entry| entry.down.is_some());
        let down = down.filter_map(|entry| entry.instance_id.as_deref());
        let fleet = self.knowledge.instances().fleet(down, now);
        match reaping::next(&entries, &fleet, allowed) {
            Reaping::Nothing => Ok(None),
            Reaping::Watch => {
                let announced = entries.iter().any(|e| e.departing && e.down.is_some());
                Ok(Some(if announced { DEPARTED_AGAIN } else { AGAIN }))
            }
            Reaping::Ask(ids) => {
                let more = ids.len() == reaping::AT_ONCE;
                self.ask_fleet(&ids).await?;
                Ok(Some(if more { Duration::ZERO } else { AGAIN }))
            }
            Reaping::Demote(_) if !published => Ok(Some(AGAIN)),
            Reaping::Demote(node_id) => {
                let change = NodeChange::role(Role::Worker);
                if !self.change(&node_id, &change).await? {
                    return Ok(self.held(&node_id, &change));
                }
                info!(demoted = node_id, "manager that is gone demoted");
                Ok(Some(Duration::ZERO))
            }
            Reaping::Remove(removals) => self.remove(removals).await.map(|()| Some(Duration::ZERO)),
        }
    }

    /// The engine refuses where one has come back meanwhile.
    async fn remove(&mut self, removals: Vec<Removal>) -> Result<(), StepError> {
        for Removal { id, braked } in removals {
            self.edges.engine.remove(&id).await?;
            if braked {
                self.chores
                    .watch
                    .removed
                    .push_back(self.edges.now().stamp());
            }
            info!(removed = id, braked, "node that is gone removed");
        }
        Ok(())
    }
}
