//! The steps of a departure. None of them fails the round: what failed is a fact for the next
//! decision, so that a drain that does not succeed keeps nobody waiting.

use tracing::{info, warn};

use super::{Agent, Outside};
use docker::{Engine, EngineError};
use protocol::NodeChange;
use protocol::labels::DEPARTING_LABEL;
use protocol::node::{Act, DepartureEvent, Event};
use protocol::{Answer, Availability, Kind, Trouble};

impl<O: Outside> Agent<O> {
    /// Settles what was heard into the one departure, on disk before anything follows from it.
    pub(super) fn settle_departure(&mut self) {
        let before = self.node.cause();
        let heard = self.edges.heard.borrow().clone();
        self.learn_departure(Event::Heard(heard));
        let after = self.node.cause();
        if before == after {
            return;
        }
        let Some(cause) = after else {
            info!("the departure is over");
            return;
        };
        let now = self.edges.now();
        let left = self.node.departure().and_then(|d| d.remaining(now.unix));
        let seconds = left.map(|left| left.as_secs());
        info!(seconds, "departure: {cause}");
        self.metrics.departs(cause);
    }

    /// What changes the departure is on disk at once.
    fn learn_departure(&mut self, event: Event<'_>) {
        self.learn(event);
        if let Err(error) = self.save() {
            warn!(%error, "the departure goes on, but the disk does not hold what it should");
        }
    }

    pub(super) fn learn_step(&mut self, event: DepartureEvent) {
        self.learn_departure(Event::Departure(event));
    }

    pub(super) async fn announce(&mut self) {
        let Some(departure) = self.node.departure() else {
            return;
        };
        let (told, first) = (departure.told(), departure.announced.is_none());
        let asked = self.edges.engine.announce(Some(told)).await;
        if asked.is_ok() && first {
            info!("departure announced");
        }
        self.learn_step(DepartureEvent::Announced(answer(asked)));
    }

    /// A manager's own entry: no task is placed here from now on, and the leader demotes it.
    pub(super) async fn mark(&mut self) {
        let Some(departure) = self.node.departure() else {
            return;
        };
        let change = marked(Availability::Drain, Some(departure.told()));
        let marked = self.change_own_entry(&change).await;
        if marked.is_ok() {
            info!("departure noted in this manager's own entry");
        }
        self.learn_step(DepartureEvent::Marked(answer(marked)));
    }

    /// Takes back what was said.
    pub(super) async fn retract(&mut self) {
        let Some(departure) = self.node.departure() else {
            return;
        };
        let announced = departure.announced.is_some();
        let marked_here = departure.marked && !departure.left;
        let mut taken_back = Ok(());
        if announced {
            taken_back = self.edges.engine.announce(None).await;
        }
        let is_manager = self.node.kind() == Some(Kind::Manager);
        if taken_back.is_ok() && marked_here && is_manager {
            let change = marked(Availability::Active, None);
            taken_back = self.change_own_entry(&change).await;
        }
        if taken_back.is_ok() {
            info!("the departure's announcement is taken back");
        }
        self.learn_step(DepartureEvent::Retracted(answer(taken_back)));
    }

    async fn change_own_entry(&self, change: &NodeChange) -> Result<(), EngineError> {
        match self.node.node_id() {
            Some(id) => self.edges.engine.update(id, change).await,
            None => Ok(()),
        }
    }

    pub(super) async fn count_tasks(&mut self) {
        let counted = answer(self.edges.engine.running_tasks().await);
        self.learn_step(DepartureEvent::Tasks(counted));
    }

    /// Leaves on purpose. On record as any leaving, but held up by none before it.
    pub(super) async fn depart(&mut self) {
        if self.node.membership().is_some()
            && let Err(error) = self.record(Act::Leave)
        {
            warn!(%error, "leaving without a record of it");
        }
        match self.edges.engine.leave().await {
            Ok(()) => {}
            // aws-node-termination-handler crashed in a loop over a node that was gone: that is success.
            Err(error) if error.is_of_no_swarm() => {}
            Err(error) => {
                self.learn_step(DepartureEvent::NotDeparted(trouble(&error)));
                return;
            }
        }
        self.learn_step(DepartureEvent::Departed);
        info!("left the swarm on purpose");
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
