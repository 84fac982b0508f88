//! Entries of nodes that are gone for good: the decision is `leader::reaping`.

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::ec2::lives;
use crate::run::memory::Memory;
use crate::run::steps::hear_lives;
use protocol::leader::Change;
use protocol::leader::reaping::Downtimes;

/// Asks EC2, beside the rounds, whether these live.
pub(super) async fn ask_whether_they_live<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    ids: Vec<String>,
) -> Result<(), StepError> {
    if !context.lanes.lives.is_free() {
        return Err(StepError::NotYet(None));
    }
    let edges = &context.edges;
    let (fleet, own) = (edges.fleet.clone(), context.identity.instance_id.clone());
    let asking = context
        .lanes
        .lives
        .ask(async move { lives(&fleet, &own, ids).await });
    let answer = asking.await.ok_or(StepError::NotYet(None))?;
    hear_lives(memory, edges, answer?)
}

/// A node was removed: the brake counts those that it is for.
pub(super) fn brake(downtimes: &mut Downtimes, clock: &impl Now, change: &Change) {
    if let Change::Remove { braked: true, .. } = change {
        downtimes.braked(clock.now());
    }
}
