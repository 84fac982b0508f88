//! What cannot be undone, and is on record by now (`super::record`): leaving a swarm, forcing a new
//! cluster, restarting the engine, clearing its swarm state.

use tracing::{info, warn};

use crate::run::context::Context;
use crate::run::edges::{Now, Outside};
use crate::run::error::StepError;
use crate::run::executor::engine::{self, Tried};
use crate::run::memory::Memory;
use docker::Engine;
use protocol::Epoch;
use protocol::node::Event;

/// Leaves.
pub(super) async fn leave<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
) -> Result<(), StepError> {
    let edges = &context.edges;
    match engine::leave(&edges.engine).await {
        Tried::Done => {}
        Tried::Unknown(error) => return Err(error.into()),
        Tried::Refused(error) => {
            take_back(memory, edges)?;
            return Err(error.into());
        }
    }
    memory.keep(Event::Left, edges)?;
    info!("left the swarm");
    Ok(())
}

/// Forces a new cluster out of this manager's copy of the old one. It stays on record also if
/// it fails: whether it had an effect is not known.
pub(super) async fn recover<O: Outside>(
    context: &Context<O>,
    memory: &mut Memory,
    epoch: Epoch,
) -> Result<(), StepError> {
    let edges = &context.edges;
    warn!(
        epoch = epoch.number(),
        "forcing a new cluster: what the lost majority had committed and this manager had not seen is lost"
    );
    match engine::force(&edges.engine, context.identity.private_ip).await {
        Tried::Done => {}
        Tried::Refused(error) => {
            take_back(memory, edges)?;
            nothing_is_forced(memory, edges)?;
            return Err(error.into());
        }
        Tried::Unknown(error) => return Err(error.into()),
    }
    info!(epoch = epoch.number(), "new cluster forced");
    Ok(())
}

/// Has the engine's service restarted.
pub(super) async fn restart_engine(engine: &impl Engine) -> Result<(), StepError> {
    warn!("asking for the engine's restart");
    Ok(engine.restart().await?)
}

/// Has the engine started without its swarm state, if it does not start with it.
pub(super) async fn clear_swarm(engine: &impl Engine) -> Result<(), StepError> {
    warn!(
        "the engine does not start, and other managers serve its swarm: asking for a start without its swarm state"
    );
    Ok(engine.clear_swarm().await?)
}

/// An engine that is about to join or create a swarm has none: what it forced went with the one it left.
/// On record still, it would be resumed in the new swarm, found to be passed over, and left.
pub(super) fn nothing_is_forced(memory: &mut Memory, clock: &impl Now) -> Result<(), StepError> {
    Ok(memory.keep(Event::NothingForced, clock)?)
}

/// An act that did not take place does not count.
fn take_back(memory: &mut Memory, clock: &impl Now) -> Result<(), StepError> {
    Ok(memory.keep(Event::TakenBack, clock)?)
}
