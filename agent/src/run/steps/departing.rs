//! The steps of a departure. None of them fails the round: what failed is a fact for the next
//! decision, so that a drain that does not succeed keeps nobody waiting.

use tracing::info;

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::executor::departure;
use crate::run::memory::Memory;
use protocol::departure::Cause;
use protocol::node::{DepartureEvent, Event, OwnEntry, Said};

/// Settles what was heard into the one departure, on disk before anything follows from it. Gives what began or changed.
pub(in crate::run) fn settle<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
) -> Option<Cause> {
    let edges = &context.edges;
    let before = memory.node.cause();
    let heard = edges.heard.borrow().clone();
    memory.learn_departure(Event::Heard(heard), edges);
    let after = memory.node.cause();
    if before == after {
        return None;
    }
    let Some(cause) = after else {
        info!("the departure is over");
        return None;
    };
    let now = edges.now();
    let departure = memory.node.departure();
    let left = departure.and_then(|departure| departure.remaining(now.unix));
    let seconds = left.map(|left| left.as_secs());
    info!(seconds, "departure: {cause}");
    Some(cause)
}

pub(super) async fn announce<O: Outside>(context: &Context<O>, memory: &mut Memory, until: u64) {
    let announced = departure::announce(&context.edges.engine, until).await;
    memory.learn_step(announced, &context.edges);
}

pub(super) async fn mark<O: Outside>(context: &Context<O>, memory: &mut Memory, entry: &OwnEntry) {
    let marked = departure::mark(&context.edges.engine, entry).await;
    memory.learn_step(marked, &context.edges);
}

/// Takes back what was said.
pub(super) async fn retract<O: Outside>(context: &Context<O>, memory: &mut Memory, said: &Said) {
    let retracted = departure::retract(&context.edges.engine, said).await;
    memory.learn_step(retracted, &context.edges);
}

pub(super) async fn count_tasks<O: Outside>(context: &Context<O>, memory: &mut Memory) {
    let counted = departure::count_tasks(&context.edges.engine).await;
    memory.learn_step(counted, &context.edges);
}

/// Leaves on purpose.
pub(super) async fn depart<O: Outside>(context: &Context<O>, memory: &mut Memory) {
    let edges = &context.edges;
    let event = departure::leave(&edges.engine).await;
    let has_left = matches!(event, DepartureEvent::Departed);
    memory.learn_step(event, edges);
    if has_left {
        info!("left the swarm on purpose");
    }
}
