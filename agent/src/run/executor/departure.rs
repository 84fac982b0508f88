//! The engine's part in a departure. None of it fails the round: what failed is a fact for the next decision, so that a
//! drain that does not succeed keeps nobody waiting.

use tracing::info;

use docker::{Engine, EngineError};
use protocol::labels::DEPARTING_LABEL;
use protocol::node::{DepartureEvent, OwnEntry, Said};
use protocol::{Answer, Availability, NodeChange, Trouble};

/// Has the engine's labels say that this node departs, and until when.
pub(in crate::run) async fn announce(engine: &impl Engine, until: u64) -> DepartureEvent {
    let asked = engine.announce(Some(until)).await;
    if asked.is_ok() {
        info!("departure announced");
    }
    DepartureEvent::Announced(answer(asked))
}

/// A manager's own entry: no task is placed here from now on, and the leader demotes it.
pub(in crate::run) async fn mark(engine: &impl Engine, entry: &OwnEntry) -> DepartureEvent {
    let change = marked(Availability::Drain, Some(entry.until));
    let marked = engine.update(&entry.node_id, &change).await;
    if marked.is_ok() {
        info!("departure noted in this manager's own entry");
    }
    DepartureEvent::Marked(answer(marked))
}

/// Takes back what was said.
pub(in crate::run) async fn retract(engine: &impl Engine, said: &Said) -> DepartureEvent {
    let mut taken_back = Ok(());
    if said.announced {
        taken_back = engine.announce(None).await;
    }
    if let (Ok(()), Some(node_id)) = (&taken_back, &said.entry) {
        let change = marked(Availability::Active, None);
        taken_back = engine.update(node_id, &change).await;
    }
    if taken_back.is_ok() {
        info!("the departure's announcement is taken back");
    }
    DepartureEvent::Retracted(answer(taken_back))
}

/// The swarm's tasks that run here.
pub(in crate::run) async fn count_tasks(engine: &impl Engine) -> DepartureEvent {
    DepartureEvent::Tasks(answer(engine.running_tasks().await))
}

/// Leaves on purpose.
pub(in crate::run) async fn leave(engine: &impl Engine) -> DepartureEvent {
    match engine.leave().await {
        // aws-node-termination-handler crashed in a loop over a node that was gone: that is success.
        Err(error) if !error.is_of_no_swarm() => DepartureEvent::NotDeparted(trouble(&error)),
        _ => DepartureEvent::Departed,
    }
}

fn marked(availability: Availability, deadline: Option<u64>) -> NodeChange {
    let value = deadline.map(|at| at.to_string());
    NodeChange {
        availability: Some(availability),
        labels: [(DEPARTING_LABEL.to_owned(), value)].into(),
        ..NodeChange::default()
    }
}

fn answer<T>(result: Result<T, EngineError>) -> Answer<T> {
    result.map_err(|error| trouble(&error))
}

fn trouble(error: &EngineError) -> Trouble {
    Trouble::Failed(error.to_string())
}
