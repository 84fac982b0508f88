//! The write-once registers of an epoch: who may create its swarm, and what became of it.

use crate::run::context::Context;
use crate::run::edges::Outside;
use crate::run::error::StepError;
use crate::run::executor::engine;
use crate::run::executor::registers::Registry;
use crate::run::memory::Memory;
use aws::{ClockOffset as _, wrong_by};
use protocol::node::{Event, Node};
use protocol::{Claim, Epoch, Outcome};

/// An epoch's registers, as this node reads and writes them.
pub(super) fn registry<'a, O: Outside>(
    context: &'a Context<O>,
    node: &'a Node,
    epoch: Epoch,
) -> Registry<'a, O::Store> {
    Registry {
        store: &context.edges.store,
        names: &context.names,
        epoch,
        mine: node.nonce(epoch),
    }
}

pub(super) async fn read<O: Outside>(context: &Context<O>, memory: &mut Memory, epoch: Epoch) {
    let value = registry(context, &memory.node, epoch).read().await;
    memory.learn(Event::Registers(value), &context.edges);
}

/// A swarm's certificates have the date of whoever makes it. Reading the registers again tells whether the clock was
/// set meanwhile.
pub(super) async fn check_clock<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    let clock = &context.edges.clock;
    if wrong_by(clock.aws_ahead()).is_some() {
        read(context, memory, epoch).await;
    }
    wrong_by(clock.aws_ahead()).map_or(Ok(()), |by| Err(StepError::Clock(by)))
}

pub(super) async fn create_claim<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    check_clock(context, memory, epoch).await?;
    let claim = Claim {
        nonce: memory.draw_nonce(epoch, &context.edges)?,
        instance_id: context.identity.instance_id.clone(),
    };
    let registry = registry(context, &memory.node, epoch);
    let event = registry.create_claim(claim).await?;
    memory.learn(event, &context.edges);
    Ok(())
}

/// Writes down that this node's swarm is the cluster's, unless the epoch went another
/// way before: whichever was written first stands.
pub(super) async fn declare_formed<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    let (swarm_id, ca_digest) = engine::own_swarm(&context.edges.engine).await?;
    let outcome = Outcome::Formed {
        nonce: memory.draw_nonce(epoch, &context.edges)?,
        swarm_id,
        ca_digest,
        address: context.address(),
    };
    create_outcome(context, memory, epoch, outcome).await
}

/// Writes down that an epoch will have no swarm, unless it has one by now.
pub(super) async fn pass_over<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    let by = &context.identity.instance_id;
    let outcome = Outcome::PassedOver {
        nonce: memory.draw_nonce(epoch, &context.edges)?,
        by: by.clone(),
        why: format!("seen from {by}: its holder is gone or stalled"),
    };
    create_outcome(context, memory, epoch, outcome).await
}

async fn create_outcome<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
    outcome: Outcome,
) -> Result<(), StepError> {
    let registry = registry(context, &memory.node, epoch);
    let known = memory.node.registers();
    let event = registry.create_outcome(outcome, known).await?;
    memory.learn(event, &context.edges);
    Ok(())
}
