//! AWS had too many requests: what is not asked again before its time, whatever wakes the agent meanwhile.

use std::time::Duration;

use tokio::time::Instant;

use super::{Agent, Chance, Outside, StepError};
use aws::CloudError;
use protocol::Action;
use protocol::pace::Gaps;

/// Refusals in a row, and until when nothing is asked.
#[derive(Debug, Default)]
pub(super) struct Busy {
    refusals: u32,
    until: Option<Instant>,
    action: &'static str,
}

impl Busy {
    /// How long nothing is asked yet.
    pub(super) fn left(&self) -> Option<Duration> {
        let left = self.until?.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// The last refusal, while it holds.
    pub(super) fn held(&self) -> Result<(), CloudError> {
        let action = self.action;
        self.left()
            .map_or(Ok(()), |_| Err(CloudError::Throttled { action }))
    }

    /// What came of a call: after a refusal some part of a gap is waited that doubles.
    pub(super) fn note<T>(&mut self, done: &Result<T, StepError>, chance: &impl Chance) {
        match done {
            Err(StepError::Cloud(CloudError::Throttled { action })) => {
                self.refusals = self.refusals.saturating_add(1);
                self.action = action;
                let gap = Gaps::THROTTLED.after(self.refusals);
                self.until = Some(Instant::now() + chance.within(gap).max(gap / 50));
            }
            Err(_) => {}
            Ok(_) => *self = Self::default(),
        }
    }
}

impl<O: Outside> Agent<O> {
    /// Takes a step that asks AWS, unless it is too soon; says how long to wait then.
    pub(super) async fn ask_aws(&mut self, action: &Action) -> Result<Option<Duration>, StepError> {
        if let Some(left) = self.busy.left() {
            return Ok(Some(left));
        }
        let done = self.act(action).await;
        self.busy.note(&done, &self.edges.chance);
        done.map(|()| None)
    }

    /// How long to pause after so many failures in a row. What was refused for too many requests is held on its own:
    /// the pause is until the first of it may be asked again.
    pub(super) fn pause_after(&self, error: &StepError, failures: u32) -> Duration {
        let held = [self.busy.left(), self.chores.held()];
        let soonest = held.into_iter().flatten().min();
        match error {
            StepError::Cloud(CloudError::Throttled { .. }) => soonest,
            _ => None,
        }
        .unwrap_or(Gaps::TROUBLE.after(failures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All of it, always.
    struct Most;

    impl Chance for Most {
        fn within(&self, most: Duration) -> Duration {
            most
        }

        fn pick(&self, count: usize) -> usize {
            count.saturating_sub(1)
        }
    }

    fn refused() -> Result<(), StepError> {
        let action = "ssm:PutParameter";
        Err(CloudError::Throttled { action }.into())
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_in_a_row_hold_longer_and_longer_and_an_answer_ends_it() {
        let mut busy = Busy::default();
        assert!(busy.held().is_ok());
        for seconds in [2, 4, 8, 16, 32, 60, 60, 60] {
            busy.note(&refused(), &Most);
            assert_eq!(busy.left(), Some(Duration::from_secs(seconds)));
        }
        busy.note::<()>(&Err(StepError::PartialAnswer), &Most);
        assert!(busy.held().is_err());
        tokio::time::advance(Duration::from_mins(1)).await;
        assert!(busy.held().is_ok());
        busy.note(&Ok(()), &Most);
        busy.note(&refused(), &Most);
        assert_eq!(busy.left(), Some(Duration::from_secs(2)));
    }
}
