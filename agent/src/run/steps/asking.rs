//! Questions: to Parameter Store, to EC2, to managers. The answers are events of the node.

use std::net::SocketAddr;

use super::registers::registry;
use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::ec2::{self, Lives};
use crate::run::executor::{managers, ticket};
use crate::run::memory::Memory;
use protocol::node::{Asked, Event};
use protocol::{Epoch, Role};

pub(super) async fn read_ticket<O: Outside>(context: &Context<O>, memory: &mut Memory) {
    let value = ticket::read(&context.edges.store, &context.names).await;
    memory.learn(Event::Ticket(value), &context.edges);
}

/// Reads the ticket before the first round: a node that knows of no swarm of its own will ask for it
/// whatever else it sees. A manager asks for the first epoch's registers in the same moment, since it
/// needs them where there is no ticket yet.
pub(in crate::run) async fn look_ahead<O: Outside>(context: &Context<O>, memory: &mut Memory) {
    if !memory.node.is_blank() || memory.node.departure().is_some() {
        return;
    }
    let registers = async {
        match context.identity.role {
            Role::Manager => {
                let registry = registry(context, &memory.node, Epoch::FIRST);
                Some(registry.read().await)
            }
            Role::Worker => None,
        }
    };
    let ticket = ticket::read(&context.edges.store, &context.names);
    let (ticket, registers) = tokio::join!(ticket, registers);
    memory.learn(Event::Ticket(ticket), &context.edges);
    // Where the ticket could not be read the registers may be needed yet.
    if let Some(value) = registers.filter(Result::is_ok) {
        memory.learn(Event::Registers(value), &context.edges);
    }
}

/// Asks EC2 whether these live.
pub(super) async fn ask_fleet<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    ids: &[String],
) -> Result<(), StepError> {
    let own = &context.identity.instance_id;
    let lives = ec2::lives(&context.edges.fleet, own, ids.to_vec()).await?;
    hear_lives(memory, &context.edges, lives)
}

/// Folds in whether they do.
pub(in crate::run) fn hear_lives(
    memory: &mut Memory,
    clock: &impl Now,
    (ids, answer): Lives,
) -> Result<(), StepError> {
    memory.learn(Event::Instances(answer.about(&ids)), clock);
    let silent = ids.iter().filter(|id| answer.silent.contains(*id));
    let silent: Vec<_> = silent.cloned().collect();
    if silent.is_empty() {
        return Ok(());
    }
    Err(StepError::Silent(silent.join(", ")))
}

/// Asks the ticket's managers, which swarm they serve.
pub(super) async fn probe<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    managers: &[SocketAddr],
) {
    let probed = managers::swarm(&context.edges.probe, managers).await;
    memory.learn(probed, &context.edges);
}

/// Asks the managers that this node knows about this node.
pub(super) async fn ask_standing<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    asked: &Asked,
) {
    let edges = &context.edges;
    let standing = managers::standing(&edges.probe, &edges.chance, asked).await;
    memory.learn(standing, edges);
}
