//! What came of the chores, for the journal, the metrics and the pause after them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tracing::{info, warn};

use crate::run::error::StepError;
use protocol::leader::publishing::Unpublishable;
use view::metrics::ChoreLabel;

/// What came of one round of chores.
#[derive(Debug, Default)]
pub(super) struct Round {
    pub(super) soonest: Option<Duration>,
    pub(super) failed: Option<StepError>,
}

/// What came of all of them so far.
#[derive(Debug, Default)]
pub(in crate::run) struct Outcomes {
    /// How often each did not succeed.
    pub(in crate::run) failures: Family<ChoreLabel, Counter>,
    /// Which chores did not succeed the last time, and why.
    pub(in crate::run) failing: BTreeMap<&'static str, String>,
    /// When the chores that did succeed go on.
    pub(in crate::run) again: Option<Duration>,
    /// Answers that came between two rounds, and were none.
    late: BTreeMap<&'static str, StepError>,
}

impl Outcomes {
    /// Whether one of them did not succeed the last time.
    pub(in crate::run) fn fail(&self) -> bool {
        !self.failing.is_empty()
    }

    /// Notes what came of a call that was answered between two rounds: the chore's next time says so.
    pub(super) fn late(&mut self, chore: &'static str, done: Result<(), StepError>) {
        if let Err(error) = done {
            self.late.insert(chore, error);
        }
    }

    /// What came too late for the last round.
    pub(super) fn was_late(&mut self, chore: &'static str) -> Result<(), StepError> {
        self.late.remove(chore).map_or(Ok(()), Err)
    }

    /// Notes what came of a chore: the next one is done all the same. Only a later epoch ends the
    /// round, since this swarm is then not the cluster's any more.
    pub(super) fn note(
        &mut self,
        round: &mut Round,
        chore: &'static str,
        done: Result<Option<Duration>, StepError>,
    ) -> Result<(), StepError> {
        match done {
            Ok(again) => {
                if self.failing.remove(chore).is_some() {
                    info!(chore, "chore done again");
                }
                round.soonest = [round.soonest, again].into_iter().flatten().min();
            }
            // Neither done nor not done.
            Err(StepError::NotYet(again)) => {
                round.soonest = [round.soonest, again].into_iter().flatten().min();
            }
            Err(error @ StepError::Unpublishable(Unpublishable::Superseded(_))) => {
                return Err(error);
            }
            Err(error) => {
                self.failures.get_or_create(&ChoreLabel { chore }).inc();
                let text = error.to_string();
                if self.failing.get(chore) != Some(&text) {
                    warn!(chore, %error, "chore not done");
                    self.failing.insert(chore, text);
                }
                round.failed.get_or_insert(error);
            }
        }
        Ok(())
    }
}

/// What was said once and need not be said again.
#[derive(Debug, Default)]
pub(super) struct Said(BTreeSet<String>);

impl Said {
    /// Whether this is the first time.
    pub(super) fn is_new(&mut self, what: String) -> bool {
        self.0.insert(what)
    }
}
