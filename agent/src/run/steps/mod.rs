//! A node's steps, one function an action: what the action says goes into it, what came of it is learnt, and what may not
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
use protocol::node::Event;
use protocol::{Action, Membership};
use tracing::warn;

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
    record(context, memory, action)?;
    match action {
        Action::Wait(_) | Action::Serve(_) => {}
        // A departure's: what becomes of them is kept with it, for its next step.
        Action::Announce(until) => departing::announce(context, memory, *until).await,
        Action::Mark(entry) => departing::mark(context, memory, entry).await,
        Action::Retract(said) => departing::retract(context, memory, said).await,
        Action::CountTasks => departing::count_tasks(context, memory).await,
        Action::Depart => departing::depart(context, memory).await,
        Action::ListHooks(kinds) => hooks::list(context, memory, kinds).await,
        Action::Heartbeat(hooks) => hooks::beat(context, memory, hooks.clone()).await,
        Action::CompleteLifecycle(hooks) => hooks::complete(context, memory, hooks.clone()).await,
        Action::ReadTicket => asking::read_ticket(context, memory).await,
        Action::ReadRegisters(epoch) => registers::read(context, memory, *epoch).await,
        Action::CreateClaim(epoch) => registers::create_claim(context, memory, *epoch).await?,
        Action::InitSwarm(epoch) => swarm::init(context, memory, *epoch).await?,
        Action::Recover(epoch) => irreversible::recover(context, memory, *epoch).await?,
        Action::MarkEpoch(epoch) => swarm::mark_epoch(context, memory, *epoch).await?,
        Action::DeclareFormed(epoch) => registers::declare_formed(context, memory, *epoch).await?,
        Action::PassOver(epoch) => registers::pass_over(context, memory, *epoch).await?,
        Action::AskFleet(ids) => asking::ask_fleet(context, memory, ids).await?,
        Action::AskStanding(asked) => asking::ask_standing(context, memory, asked).await,
        Action::Probe(managers) => asking::probe(context, memory, managers).await,
        Action::Join(joining) => swarm::join(context, memory, joining).await?,
        Action::Remember(membership) => {
            let remembered = Event::Remembered(Membership::clone(membership));
            memory.keep(remembered, &context.edges)?;
        }
        Action::RecordNode(node_id) => swarm::record_node(context, memory, node_id).await,
        Action::Leave => irreversible::leave(context, memory).await?,
        Action::Unlock => swarm::unlock(context, memory).await,
        Action::RestartEngine => irreversible::restart_engine(engine).await?,
        Action::ClearSwarm => irreversible::clear_swarm(engine).await?,
    }
    Ok(())
}

/// What cannot be undone is on disk before it is done. A departure does not wait for a disk that fails.
fn record<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    action: &Action,
) -> Result<(), StepError> {
    match memory.record(action, &context.edges) {
        Err(error) if *action == Action::Depart => {
            warn!(%error, "leaving without a record of it");
            Ok(())
        }
        recorded => Ok(recorded?),
    }
}
