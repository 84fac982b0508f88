//! Labels and activation: the decision is `leader::labelling`, the facts come from here.

use std::time::Duration;

use tracing::info;

use crate::run::{Agent, Outside, StepError};
use protocol::leader::claims::Judged;
use protocol::leader::labelling::{self, Labelling};
use protocol::{Availability, NodeChange};

/// So many nodes at most in one round: the other chores wait meanwhile.
const AT_ONCE: usize = 50;

/// A node, and what its entry lacks.
pub(super) type Due = (String, NodeChange);

impl<O: Outside> Agent<O> {
    /// Labels and activates these nodes. One that fails does not hold the others up.
    pub(super) async fn label(&mut self, mut due: Vec<Due>) -> Result<Option<Duration>, StepError> {
        due.retain(|(node_id, change)| self.held(node_id, change).is_none());
        let more = due.len() > AT_ONCE;
        due.truncate(AT_ONCE);
        let mut failed = None;
        for (node_id, change) in due {
            let activated = change.availability.is_some();
            match self.change(&node_id, &change).await {
                Ok(true) => info!(labelled = node_id, activated, "node labelled"),
                Ok(false) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(more.then_some(Duration::ZERO)),
        }
    }
}

/// What the entries of these lack.
pub(super) fn unlabelled(judged: &[Judged<'_>], managers: Availability) -> Vec<Due> {
    let due = judged.iter().filter_map(|(node, claim)| {
        let labelling = labelling::next(node, *claim, managers);
        let Labelling::Change(change) = labelling else {
            return None;
        };
        Some((node.id.clone(), change))
    });
    due.collect()
}
