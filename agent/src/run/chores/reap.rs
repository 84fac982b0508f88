//! Entries of nodes that are gone for good: the decision is `leader::reaping`.

use std::time::Duration;

use tracing::info;

use crate::run::ask::lives;
use crate::run::{Agent, Outside, StepError};
use docker::Engine;
use protocol::leader::reaping::{self, AGAIN, Reaping, Removal};
use protocol::{NodeChange, NodeEntry, Role};

impl<O: Outside> Agent<O> {
    /// Takes dead nodes' entries away if it is time to; says when to look again. Raft's members
    /// change only while the ticket is right.
    pub(super) async fn reap(
        &mut self,
        nodes: &[NodeEntry],
        published: bool,
    ) -> Result<Option<Duration>, StepError> {
        self.chores.was_late("reap")?;
        self.chores.downtimes.look(nodes, self.edges.now());
        let seen = self.snapshot(nodes);
        match reaping::next(&seen, &self.chores.downtimes) {
            Reaping::Nothing => Ok(None),
            Reaping::Look(again) => Ok(Some(again)),
            Reaping::Ask(ids) => {
                let more = ids.len() == reaping::AT_ONCE;
                self.ask_whether_they_live(ids).await?;
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

    /// Asks EC2, beside the rounds.
    async fn ask_whether_they_live(&mut self, ids: Vec<String>) -> Result<(), StepError> {
        let lanes = self.lanes.clone();
        if !lanes.lives.is_free() {
            return Err(StepError::NotYet(None));
        }
        let (fleet, own) = (self.edges.fleet.clone(), self.identity.instance_id.clone());
        let asking = lanes
            .lives
            .ask(async move { lives(&fleet, &own, ids).await });
        let answer = asking.await.ok_or(StepError::NotYet(None))?;
        self.hear_lives(answer?)
    }

    /// The engine refuses where one has come back meanwhile.
    async fn remove(&mut self, removals: Vec<Removal>) -> Result<(), StepError> {
        for Removal { id, braked } in removals {
            self.edges.engine.remove(&id, false).await?;
            if braked {
                self.chores.downtimes.braked(self.edges.now());
            }
            info!(removed = id, braked, "node that is gone removed");
        }
        Ok(())
    }
}
