//! Carries the chores' plans out.

use std::time::Duration;

use tracing::info;

use crate::run::edges::Now;
use docker::{EngineError, NodeList};
use protocol::leader::{Change, Plan, Purpose};
use protocol::repeats::Repeats;
use protocol::{Moment, NodeChange};

/// Changes the swarm's list, each entry once in a while.
#[derive(Debug, Default)]
pub(super) struct Applier {
    /// Changes of entries that were made lately.
    repeats: Repeats,
}

/// All of a change.
fn word(node_id: &str, change: &NodeChange) -> String {
    format!("{node_id} {change:?}")
}

impl Applier {
    /// Carries out what a plan changes; says when to look again. `made` hears of each change that was made.
    pub(super) async fn carry_out(
        &mut self,
        engine: &impl NodeList,
        clock: &impl Now,
        plan: Plan,
        mut made: impl FnMut(&Change),
    ) -> Result<Option<Duration>, EngineError> {
        let mut failed = None;
        for change in &plan.changes {
            match self.make(engine, clock, change).await {
                Ok(true) => {
                    made(change);
                    tell(change);
                }
                Ok(false) if plan.in_turn => return Ok(self.held(change, clock.now())),
                Ok(false) => {}
                Err(error) if plan.in_turn => return Err(error),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(plan.again), Err)
    }

    /// Makes one change, unless it is held; whether it did.
    pub(super) async fn make(
        &mut self,
        engine: &impl NodeList,
        clock: &impl Now,
        change: &Change,
    ) -> Result<bool, EngineError> {
        match change {
            Change::Entry { node, change, .. } => self.change(engine, clock, node, change).await,
            Change::Remove {
                node, is_stranger, ..
            } => engine.remove(node, *is_stranger).await.map(|()| true),
        }
    }

    /// How long a change has to wait: it was made a moment ago, without an effect.
    pub(super) fn held(&self, change: &Change, now: Moment) -> Option<Duration> {
        match change {
            Change::Entry { node, change, .. } => self.repeats.hold(&word(node, change), now),
            Change::Remove { .. } => None,
        }
    }

    async fn change(
        &mut self,
        engine: &impl NodeList,
        clock: &impl Now,
        node_id: &str,
        change: &NodeChange,
    ) -> Result<bool, EngineError> {
        let held = self.repeats.hold(&word(node_id, change), clock.now());
        if held.is_some() {
            return Ok(false);
        }
        engine.update(node_id, change).await?;
        self.repeats.made(word(node_id, change), clock.now());
        Ok(true)
    }
}

fn tell(change: &Change) {
    let (node, change, purpose) = match change {
        Change::Entry {
            node,
            change,
            purpose,
        } => (node, change, purpose),
        Change::Remove {
            node,
            is_stranger: true,
            ..
        } => {
            info!(
                removed = node,
                "node that does not belong to the cluster removed"
            );
            return;
        }
        Change::Remove { node, braked, .. } => {
            info!(removed = node, braked, "node that is gone removed");
            return;
        }
    };
    match purpose {
        Purpose::Label => {
            let activated = change.availability.is_some();
            info!(labelled = node, activated, "node labelled");
        }
        Purpose::Drain => info!(drained = node, "node that leaves drained"),
        Purpose::Undo => info!(stays = node, "departure called off: node activated"),
        Purpose::DemoteGone => info!(demoted = node, "manager that is gone demoted"),
        Purpose::Promote => info!(promoted = node, "node promoted to manager"),
        Purpose::Demote => info!(
            demoted = node,
            "manager that leaves, or is to be a worker, demoted"
        ),
        // Whoever refuses says why.
        Purpose::Note | Purpose::Refuse(_) => {}
    }
}

#[cfg(test)]
#[path = "applier_tests.rs"]
mod tests;
