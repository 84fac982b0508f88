//! The steps of a departure. None of them fails the round: what failed is a fact for the next
//! decision, so that a drain that does not succeed keeps nobody waiting.

use std::collections::BTreeSet;
use std::time::Duration;

use tracing::{info, warn};

use super::memory::Act;
use super::{Agent, Chance, Clock, Outside};
use aws::lifecycle::Hook;
use docker::{Engine, EngineError};
use protocol::NodeChange;
use protocol::departure::latch::{self, Wall};
use protocol::departure::{Departing, Departure, Hold};
use protocol::labels::DEPARTING_LABEL;
use protocol::pace::{FIRST_HOOKS, FIRST_WORD, first_word};
use protocol::{Answer, Availability, Kind, Moment, Series, Stamp, Trouble};

/// What was tried since the agent started. None of it matters after a restart.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Progress {
    telling: Option<Series<Answer<()>>>,
    tasks: Option<Series<Answer<usize>>>,
    leaving: Option<Series<Answer<()>>>,
    pub(super) hooks: Option<Series<Answer<Vec<Hook>>>>,
    pub(super) beat: Option<Series<Answer<()>>>,
    pub(super) completing: Option<Series<Answer<()>>>,
    /// When Auto Scaling is first asked, and when it first hears that this node is done.
    first: Option<Stamp>,
    word: Option<Stamp>,
    /// The hooks that have heard.
    pub(super) done: BTreeSet<String>,
}

impl<O: Outside> Agent<O> {
    /// Settles what was heard into the one departure, on disk before anything follows from it.
    pub(super) fn settle_departure(&mut self, now: Moment) {
        let heard = self.edges.heard.borrow().clone();
        let boot = self.edges.clock.boot();
        let wall = Wall {
            now: now.unix,
            boot: &boot,
        };
        let rules = &self.settings.departure.rules;
        let next = latch::settle(self.departure.as_ref(), &heard, rules, wall);
        if next == self.departure {
            return;
        }
        let cause = |departure: &Option<Departure>| {
            let going = departure.as_ref().filter(|d| !d.withdrawn);
            going.map(|d| d.cause)
        };
        let (before, after) = (cause(&self.departure), cause(&next));
        if before != after {
            let left = next.as_ref().and_then(|d| d.remaining(now.unix));
            let seconds = left.map(|left| left.as_secs());
            if let Some(cause) = after {
                info!(seconds, "departure: {cause}");
                self.metrics.departs(cause);
            } else {
                info!("the departure is over");
            }
            let spread = self.edges.chance.within(FIRST_HOOKS);
            self.knowledge.progress = Progress {
                first: Some(now.after(spread)),
                ..Progress::default()
            };
        }
        self.keep(next);
    }

    /// A disk that fails keeps no departure from going on.
    fn keep(&mut self, departure: Option<Departure>) {
        if let Err(error) = self.memory.remember_departure(departure.as_ref()) {
            warn!(%error, "the departure goes on, but a restart of the agent may not know of it");
        }
        self.departure = departure;
    }

    pub(super) fn note_departure(&mut self, change: impl FnOnce(&mut Departure)) {
        if let Some(mut departure) = self.departure.clone() {
            change(&mut departure);
            self.keep(Some(departure));
        }
    }

    /// The departure as a fact of this round.
    pub(super) fn departing(&self, now: Moment) -> Option<Departing> {
        let departure = self.departure.as_ref()?;
        let progress = &self.knowledge.progress;
        let hold = self.waits_for().map(|_| Hold {
            hooks: progress.hooks.as_ref().map(|hooks| {
                let timeouts = |hooks: Vec<Hook>| hooks.iter().map(|hook| hook.timeout).collect();
                hooks.reading(now).map(timeouts)
            }),
            beat: progress.beat.as_ref().map(|heard| heard.reading(now)),
            completing: progress.completing.as_ref().map(|heard| heard.reading(now)),
            first: until(progress.first, now),
            word: until(progress.word, now),
        });
        Some(Departing {
            cause: departure.cause,
            remaining: departure.remaining(now.unix),
            withdrawn: departure.withdrawn,
            announced: departure
                .announced
                .map(|at| Duration::from_secs(now.unix.saturating_sub(at))),
            marked: departure.marked,
            left: departure.left,
            telling: progress.telling.as_ref().map(|heard| heard.reading(now)),
            tasks: progress.tasks.as_ref().map(|heard| heard.reading(now)),
            leaving: progress.leaving.as_ref().map(|heard| heard.reading(now)),
            hold,
        })
    }

    pub(super) async fn announce(&mut self) {
        let Some(departure) = &self.departure else {
            return;
        };
        let asked = self.edges.engine.announce(Some(departure.told())).await;
        if asked.is_ok() && departure.announced.is_none() {
            info!("departure announced");
            let now = self.edges.clock.unix();
            self.note_departure(|departure| departure.announced = Some(now));
        }
        self.told(asked);
    }

    /// A manager's own entry: no task is placed here from now on, and the leader demotes it.
    pub(super) async fn mark(&mut self) {
        let Some(departure) = &self.departure else {
            return;
        };
        let change = marked(Availability::Drain, Some(departure.told()));
        let marked = self.change_own_entry(&change).await;
        if marked.is_ok() {
            info!("departure noted in this manager's own entry");
            self.note_departure(|departure| departure.marked = true);
        }
        self.told(marked);
    }

    /// Takes back what was said.
    pub(super) async fn retract(&mut self) {
        let Some(departure) = self.departure.clone() else {
            return;
        };
        let mut taken_back = Ok(());
        if departure.announced.is_some() {
            taken_back = self.edges.engine.announce(None).await;
        }
        let is_manager = self.knowledge.kind() == Some(Kind::Manager);
        if taken_back.is_ok() && departure.marked && !departure.left && is_manager {
            let change = marked(Availability::Active, None);
            taken_back = self.change_own_entry(&change).await;
        }
        if taken_back.is_ok() {
            info!("the departure's announcement is taken back");
            self.keep(None);
        }
        self.told(taken_back);
    }

    async fn change_own_entry(&self, change: &NodeChange) -> Result<(), EngineError> {
        match self.knowledge.node_id() {
            Some(id) => self.edges.engine.update(id, change).await,
            None => Ok(()),
        }
    }

    fn told(&mut self, result: Result<(), EngineError>) {
        let result = result.map_err(|error| trouble(&error));
        let now = self.edges.now();
        Series::hear(
            &mut self.knowledge.progress.telling,
            result,
            |(), ()| true,
            now,
        );
    }

    pub(super) async fn count_tasks(&mut self) {
        let counted = self
            .edges
            .engine
            .running_tasks()
            .await
            .map_err(|error| trouble(&error));
        let now = self.edges.now();
        Series::hear(&mut self.knowledge.progress.tasks, counted, usize::eq, now);
    }

    /// When Auto Scaling hears that this node is done: at a time of its own, where there is time.
    fn spread_word(&self, now: Moment) -> Option<Stamp> {
        let left = self.departure.as_ref()?.remaining(now.unix);
        let hooks = self.knowledge.progress.hooks.as_ref();
        let hooks = hooks.and_then(|read| read.value().as_ref().ok());
        // The first to run out sets the time.
        let shortest = hooks.into_iter().flatten().map(|hook| hook.timeout).min();
        let most = shortest.map_or(FIRST_WORD, first_word);
        let spread = self.edges.chance.within(most);
        left.is_none_or(|left| left > 2 * FIRST_WORD)
            .then(|| now.after(spread))
    }

    /// Leaves on purpose. On record as any leaving, but held up by none before it.
    pub(super) async fn depart(&mut self) {
        if self.knowledge.membership.is_some()
            && let Err(error) = self.record(Act::Leave)
        {
            warn!(%error, "leaving without a record of it");
        }
        match self.edges.engine.leave().await {
            Ok(()) => {}
            Err(error) if is_out(&error) => {}
            Err(error) => {
                let failed = Err(trouble(&error));
                let now = self.edges.now();
                Series::hear(
                    &mut self.knowledge.progress.leaving,
                    failed,
                    |(), ()| true,
                    now,
                );
                return;
            }
        }
        if let Err(error) = self.memory.forget() {
            warn!(%error, "left the swarm, but the disk remembers it");
        }
        let now = self.edges.now();
        self.knowledge.has_left(now);
        self.note_departure(|departure| departure.left = true);
        self.knowledge.progress.word = self.spread_word(now);
        info!("left the swarm on purpose");
    }
}

/// How long until then; nothing where it is past, or none was set.
fn until(then: Option<Stamp>, now: Moment) -> Duration {
    then.and_then(|at| at.left(now)).unwrap_or_default()
}

fn marked(availability: Availability, deadline: Option<u64>) -> NodeChange {
    let value = deadline.map(|at| at.to_string());
    NodeChange {
        availability: Some(availability),
        labels: [(DEPARTING_LABEL.to_owned(), value)].into(),
        ..NodeChange::default()
    }
}

fn trouble(error: &EngineError) -> Trouble {
    Trouble::Failed(error.to_string())
}

/// aws-node-termination-handler crashed in a loop over a node that was gone: that is success.
fn is_out(error: &EngineError) -> bool {
    matches!(error, EngineError::Refused { message, .. } if message.contains("not part of a swarm"))
}
