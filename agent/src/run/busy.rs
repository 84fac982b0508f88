//! AWS had too many requests: what is not asked again before its time, whatever wakes the agent meanwhile.

use std::time::Duration;

use super::error::StepError;
use aws::CloudError;
use protocol::pace::{self, Gaps};
use protocol::{Moment, Series};

/// Refusals in a row, by the action that was refused last; none where the last call was not.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Busy(Option<Series<&'static str>>);

impl Busy {
    /// How long nothing is asked yet: some part of a gap that doubles.
    pub(super) fn left(&self, now: Moment) -> Option<Duration> {
        let refused = self.0.as_ref()?;
        let gap = Gaps::THROTTLED.after(refused.looks());
        pace::remaining(pace::part_of(refused.random(), gap), refused.age(now))
    }

    /// The last refusal, while it holds.
    pub(super) fn held(&self, now: Moment) -> Result<(), CloudError> {
        match (&self.0, self.left(now)) {
            (Some(refused), Some(_)) => Err(CloudError::Throttled {
                action: refused.value(),
            }),
            _ => Ok(()),
        }
    }

    /// What came of a call.
    pub(super) fn note<T>(&mut self, done: &Result<T, StepError>, now: Moment) {
        match done {
            Err(StepError::Cloud(CloudError::Throttled { action })) => {
                Series::see(&mut self.0, *action, |_, _| true, pace::IN_A_ROW, now);
            }
            Err(_) => {}
            Ok(_) => *self = Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> Result<(), StepError> {
        let action = "ssm:PutParameter";
        Err(CloudError::Throttled { action }.into())
    }

    #[test]
    fn refusals_in_a_row_hold_longer_and_longer_and_an_answer_ends_it() {
        let mut busy = Busy::default();
        // All of each gap.
        let mut now = Moment {
            up: Duration::from_mins(1),
            unix: 0,
            random: Moment::LOTS - 1,
        };
        assert!(busy.held(now).is_ok());
        for seconds in [2, 4, 8, 16, 32, 60, 60, 60] {
            busy.note(&refused(), now);
            assert_eq!(busy.left(now), Some(Duration::from_secs(seconds)));
        }
        busy.note::<()>(&Err(StepError::PartialAnswer), now);
        assert!(busy.held(now).is_err());
        now.up += Duration::from_mins(1);
        assert!(busy.held(now).is_ok());
        busy.note(&Ok(()), now);
        busy.note(&refused(), now);
        assert_eq!(busy.left(now), Some(Duration::from_secs(2)));
    }
}
