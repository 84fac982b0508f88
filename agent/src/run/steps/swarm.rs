//! Into a swarm, its own or another's, and what is known of it afterwards.

use tracing::info;

use super::irreversible::nothing_is_forced;
use super::registers::check_clock;
use crate::run::context::Context;
use crate::run::edges::Outside;
use crate::run::error::StepError;
use crate::run::executor::{engine, key, records};
use crate::run::memory::Memory;
use docker::{Engine, InitRequest};
use protocol::node::{Event, Joining};
use protocol::{Availability, Epoch};

pub(super) async fn init<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    check_clock(context, memory, epoch).await?;
    nothing_is_forced(memory, &context.edges)?;
    let edges = &context.edges;
    let swarm = &context.settings.swarm;
    let elsewhere: [&[_]; 2] = [&context.vpc_cidrs, &context.settings.engine.avoid];
    let address_pool = match swarm.address_pool {
        Some(pool) => pool,
        None => engine::clear_pool(&edges.engine, elsewhere).await?,
    };
    let request = InitRequest {
        advertise: context.identity.private_ip,
        address_pool,
        subnet_size: swarm.subnet_size,
        data_path_port: swarm.data_path_port,
        autolock: swarm.autolock,
        epoch,
        claim_nonce: memory.draw_nonce(epoch, edges)?,
    };
    edges.engine.init(&request).await?;
    info!(epoch = epoch.number(), pool = %request.address_pool, "swarm created");
    Ok(())
}

/// From here on the swarm itself tells under which claim it was recovered.
pub(super) async fn mark_epoch<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    let nonce = memory.draw_nonce(epoch, &context.edges)?;
    Ok(context.edges.engine.mark_epoch(epoch, &nonce).await?)
}

pub(super) async fn join<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    joining: &Joining,
) -> Result<(), StepError> {
    let edges = &context.edges;
    nothing_is_forced(memory, edges)?;
    // The leader activates it with its labels, so that no task lands before them.
    let availability = if context.settings.swarm.join_drained {
        Availability::Drain
    } else {
        Availability::Active
    };
    let advertise = context.identity.private_ip;
    let event = engine::join(&edges.engine, joining, advertise, availability).await?;
    let joined = matches!(event, Event::Engine(_));
    memory.learn(event, edges);
    if joined {
        let ticket = &joining.ticket;
        memory.remember(ticket.swarm_id.clone(), ticket.epoch, edges)?;
    }
    Ok(())
}

/// Writes down which node this manager's instance is.
pub(super) async fn record_node<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    node_id: &str,
) {
    let edges = &context.edges;
    let name = context.names.node_record(&context.identity.instance_id);
    let written = records::write(&edges.store, &name, node_id).await;
    memory.learn(written, edges);
}

pub(super) async fn unlock<O: Outside>(context: &Context<O>, memory: &mut Memory) {
    let edges = &context.edges;
    let name = context.names.unlock_key();
    let unlocked = key::unlock(&edges.store, &edges.engine, &name).await;
    memory.learn(unlocked, edges);
}
