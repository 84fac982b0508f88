//! A node's steps, one function an action: what the node knows goes into it, what came of it is learnt, and what may not
//! be forgotten is on disk.

mod asking;
mod departing;
mod hooks;
mod irreversible;
mod launch;
mod registers;
mod swarm;

use super::context::Context;
use super::edges::Outside;
use super::error::StepError;
use super::memory::Memory;
use protocol::Action;
use protocol::facts::hooks::HookCall;

pub(super) use asking::{hear_lives, look_ahead};
pub(super) use departing::settle as settle_departure;
pub(super) use hooks::hear as hear_of_departure;
pub(super) use launch::{hear as hear_of_launch, tell as tell_launch};

/// Takes one step. `Wait` and `Serve` are the loop's own.
pub(super) async fn act<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    action: &Action,
) -> Result<(), StepError> {
    let engine = &context.edges.engine;
    match action {
        Action::Wait(_) | Action::Serve(_) => {}
        // A departure's: what becomes of them is kept with it, for its next step.
        Action::Announce => departing::announce(context, memory).await,
        Action::Mark => departing::mark(context, memory).await,
        Action::Retract => departing::retract(context, memory).await,
        Action::CountTasks => departing::count_tasks(context, memory).await,
        Action::Depart => departing::depart(context, memory).await,
        Action::ListHooks => hooks::ask(context, memory, HookCall::List).await,
        Action::Heartbeat => hooks::ask(context, memory, HookCall::Beat).await,
        Action::CompleteLifecycle => hooks::ask(context, memory, HookCall::Complete).await,
        Action::ReadTicket => asking::read_ticket(context, memory).await,
        Action::ReadRegisters(epoch) => registers::read(context, memory, *epoch).await,
        Action::CreateClaim(epoch) => registers::create_claim(context, memory, *epoch).await?,
        Action::InitSwarm(epoch) => swarm::init(context, memory, *epoch).await?,
        Action::Recover(epoch) => irreversible::recover(context, memory, *epoch).await?,
        Action::MarkEpoch(epoch) => swarm::mark_epoch(context, memory, *epoch).await?,
        Action::DeclareFormed(epoch) => registers::declare_formed(context, memory, *epoch).await?,
        Action::PassOver(epoch) => registers::pass_over(context, memory, *epoch).await?,
        Action::AskFleet(ids) => asking::ask_fleet(context, memory, ids).await?,
        Action::AskStanding => asking::ask_standing(context, memory).await,
        Action::Probe => asking::probe(context, memory).await,
        Action::Join(manager) => swarm::join(context, memory, *manager).await?,
        Action::Remember(epoch) => swarm::remember(&context.edges, memory, *epoch)?,
        Action::RecordNode(node_id) => swarm::record_node(context, memory, node_id).await,
        Action::Leave => irreversible::leave(context, memory).await?,
        Action::Unlock => swarm::unlock(context, memory).await,
        Action::RestartEngine => {
            irreversible::restart_engine(engine, memory, &context.edges).await?;
        }
        Action::ClearSwarm => irreversible::clear_swarm(engine, memory, &context.edges).await?,
    }
    Ok(())
}
