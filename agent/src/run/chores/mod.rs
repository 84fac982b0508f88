//! What the leader's agent does for all: one file a chore.
//!
//! A stale leader's writes into the swarm cannot commit, and what it publishes is looked
//! at again within a minute by the one that follows it.

mod admission;
mod drain;
mod instances;
mod label;
mod lock;
mod promote;
mod protect;
mod publish;
mod reap;
mod records;
mod rotate;
mod stored;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tracing::{info, warn};

use super::{Agent, Outside, StepError};
use docker::{Engine, EngineError};
use protocol::leader::admission::Doubts;
use protocol::leader::draining::{Silence, Turns, UnderWay};
use protocol::leader::reaping::Downtimes;
use protocol::leader::{NO_TASKS, Records, Snapshot};
use protocol::repeats::{Repeats, Stillness};
use protocol::{Moment, NodeChange, NodeEntry, Stamp, Swarm, Ticket};
use view::metrics::ChoreLabel;
use view::status::groups::ManagerGroup;

pub(super) use instances::Refreshed;
pub(super) use lock::Kept;
pub(super) use protect::Heard;
use protect::Protection;
use publish::Published;
pub(super) use records::Recorded;
pub(super) use stored::Put;

/// A list that is older is made anew before nodes are changed by it: an AWS that does not answer has held it up, and who
/// was to stay may have to leave by now.
const OLD: Duration = Duration::from_secs(1);

/// What the chores remember from round to round. None of it matters after a restart.
#[derive(Debug, Default)]
pub(super) struct Chores {
    published: Published,
    key: lock::Published,
    downtimes: Downtimes,
    protection: Protection,
    /// Nodes whose claims to be an instance are refuted.
    doubts: Doubts,
    /// What managers' agents have written down of their nodes.
    records: Records,
    /// When the last node was promoted.
    promoted: Option<Stamp>,
    /// The changes of nodes' entries that were made lately.
    repeats: Repeats,
    /// Demoted managers whose engines do not say that they leave.
    silence: Silence,
    /// What those that leave wait for, and since when.
    turns: Turns,
    /// What a departure waits for: who loses how many tasks, and how many are to start.
    draining: Stillness<UnderWay>,
    /// The managers that a change of raft's members waits for.
    unhealthy: Stillness<Vec<String>>,
    /// What was said once and need not be said again.
    said: BTreeSet<String>,
    /// How often each did not succeed.
    pub(super) failures: Family<ChoreLabel, Counter>,
    /// Which chores did not succeed the last time, and why.
    pub(super) failing: BTreeMap<&'static str, String>,
    /// When the chores that did succeed go on.
    pub(super) again: Option<Duration>,
    /// Answers that came between two rounds, and were none.
    late: BTreeMap<&'static str, StepError>,
}

/// What came of one round of chores.
#[derive(Debug, Default)]
struct Round {
    soonest: Option<Duration>,
    failed: Option<StepError>,
}

impl Chores {
    /// The ticket as this leader knows it, and how long ago it knew.
    pub(super) fn ticket(&self, now: Moment) -> Option<(&Ticket, Duration)> {
        self.published.ticket(now)
    }

    /// How long until something may be asked again that AWS has refused for too many requests.
    pub(super) fn held(&self, now: Moment) -> Option<Duration> {
        let held = [self.published.busy.left(now), self.key.busy.left(now)];
        held.into_iter().flatten().min()
    }

    /// The managers' groups, as this leader sees them.
    pub(super) fn groups(&self) -> &[ManagerGroup] {
        self.protection.shown()
    }

    /// Whether one of them did not succeed the last time.
    pub(super) fn fail(&self) -> bool {
        !self.failing.is_empty()
    }

    /// Notes what came of a call that was answered between two rounds: the chore's next time says so.
    pub(super) fn late(&mut self, chore: &'static str, done: Result<(), StepError>) {
        if let Err(error) = done {
            self.late.insert(chore, error);
        }
    }

    fn was_late(&mut self, chore: &'static str) -> Result<(), StepError> {
        self.late.remove(chore).map_or(Ok(()), Err)
    }

    /// Folds in what Auto Scaling has answered.
    pub(super) fn hear_groups(&mut self, heard: Heard, now: Moment) -> Result<(), StepError> {
        Ok(self.protection.hear(heard, now)?)
    }

    /// Notes what came of a chore: the next one is done all the same. Only a later epoch ends the
    /// round, since this swarm is then not the cluster's any more.
    fn note(
        &mut self,
        round: &mut Round,
        chore: &'static str,
        done: Result<Option<Duration>, StepError>,
    ) -> Result<(), StepError> {
        match done {
            Ok(again) => {
                if self.failing.remove(chore).is_some() {
                    info!(chore, "chore done again");
                }
                round.soonest = [round.soonest, again].into_iter().flatten().min();
            }
            // Neither done nor not done.
            Err(StepError::NotYet(again)) => {
                round.soonest = [round.soonest, again].into_iter().flatten().min();
            }
            Err(error @ StepError::Superseded(_)) => return Err(error),
            Err(error) => {
                self.failures.get_or_create(&ChoreLabel { chore }).inc();
                let text = error.to_string();
                if self.failing.get(chore) != Some(&text) {
                    warn!(chore, %error, "chore not done");
                    self.failing.insert(chore, text);
                }
                round.failed.get_or_insert(error);
            }
        }
        Ok(())
    }
}

/// All of a change.
fn word(node_id: &str, change: &NodeChange) -> String {
    format!("{node_id} {change:?}")
}

impl<O: Outside> Agent<O> {
    /// What a leader's decisions rest on, but for the tasks.
    fn snapshot<'a>(&'a self, nodes: &'a [NodeEntry]) -> Snapshot<'a> {
        Snapshot {
            own: &self.identity.instance_id,
            nodes,
            instances: self.node.instances(),
            records: &self.chores.records,
            tasks: NO_TASKS,
            epoch: None,
            admission: self.settings.swarm.admission,
            now: self.edges.now(),
        }
    }

    /// How long a change of a node's entry has to wait: it was made a moment ago, without an effect.
    pub(super) fn held(&self, node_id: &str, change: &NodeChange) -> Option<Duration> {
        let now = self.edges.now();
        self.chores.repeats.hold(&word(node_id, change), now)
    }

    /// Changes a node's entry, unless it is held; whether it did.
    pub(super) async fn change(
        &mut self,
        node_id: &str,
        change: &NodeChange,
    ) -> Result<bool, EngineError> {
        if self.held(node_id, change).is_some() {
            return Ok(false);
        }
        self.edges.engine.update(node_id, change).await?;
        let now = self.edges.now();
        self.chores.repeats.made(word(node_id, change), now);
        Ok(true)
    }

    /// The swarm's nodes, and the swarm. A survivor has to know whom raft counted: while that cannot be written down, here or
    /// in the ticket, raft's members do not change.
    async fn look_at_swarm(&mut self) -> Result<(Vec<NodeEntry>, Swarm), StepError> {
        let engine = &self.edges.engine;
        let (nodes, swarm) = tokio::try_join!(engine.nodes(None), engine.swarm())?;
        self.remember_peers(&nodes)?;
        Ok((nodes, swarm))
    }

    /// Does what is due; says when to look again, if before the next round. The first error of a
    /// chore is the round's: gaps grow while it stays.
    pub(super) async fn do_chores(&mut self) -> Result<Option<Duration>, StepError> {
        let (mut nodes, mut swarm) = self.look_at_swarm().await?;
        let mut listed = self.edges.now().stamp();
        self.metrics.nodes(&nodes);
        let mut round = Round::default();
        let done = self.publish(&nodes, &swarm).await.map(|()| None);
        let published = done.is_ok();
        self.chores.note(&mut round, "ticket", done)?;
        let done = self.publish_key(&swarm).await.map(|()| None);
        self.chores.note(&mut round, "unlock-key", done)?;
        let done = self.ask_instances(&nodes).await;
        self.chores.note(&mut round, "instances", done)?;
        let done = self.read_records(&nodes).await;
        self.chores.note(&mut round, "records", done)?;
        if listed.age(self.edges.now()) > OLD {
            (nodes, swarm) = self.look_at_swarm().await?;
            listed = self.edges.now().stamp();
        }
        let done = self.reap(&nodes, published).await;
        self.chores.note(&mut round, "reap", done)?;
        let mut found = self.judge(&nodes);
        let done = self.label(std::mem::take(&mut found.labels)).await;
        self.chores.note(&mut round, "label", done)?;
        let done = self.admit(found).await;
        self.chores.note(&mut round, "admission", done)?;
        let done = self.drain(&nodes).await;
        self.chores.note(&mut round, "drain", done)?;
        let done = self.protect(&nodes).await;
        self.chores.note(&mut round, "protection", done)?;
        if published {
            let done = self.rotate(&swarm).await.map(|()| None);
            self.chores.note(&mut round, "tokens", done)?;
            if listed.age(self.edges.now()) > OLD {
                (nodes, swarm) = self.look_at_swarm().await?;
            }
            let done = self.promote(&nodes, &swarm).await;
            self.chores.note(&mut round, "promote", done)?;
            self.edges.stacks.set(true);
        }
        self.chores.again = round.soonest;
        round.failed.map_or(Ok(round.soonest), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{Availability, Role};

    /// A worker that has just joined.
    pub(super) fn entry(number: usize) -> NodeEntry {
        NodeEntry {
            id: format!("n{number}"),
            created: None,
            role: Role::Worker,
            availability: Availability::Active,
            labels: BTreeMap::new(),
            ready: true,
            down: false,
            instance_id: Some(format!("i-{number:08x}")),
            asks_to_leave: None,
            address: None,
            manager: None,
        }
    }
}
