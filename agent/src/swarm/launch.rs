//! What an Auto Scaling group hears of an instance that it has launched.

use std::time::Duration;

use serde::Deserialize;

use super::{Reading, pace};

/// What to do about an instance that did not join in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// The group is to replace it.
    Abandon,
    /// Nothing: it may join yet, while the hook waits.
    Wait,
}

/// How it stands with a launch.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The group wants the instance in service.
    pub in_service: bool,
    /// It is in the swarm.
    pub member: bool,
    /// It has been, on this instance, at any time.
    pub was_member: bool,
    /// How long ago the agent first ran on it.
    pub age: Duration,
    /// How long it may take to join.
    pub budget: Duration,
    /// What to do if that was not enough.
    pub on_failure: OnFailure,
    /// The last call, if it was not the end: it failed, or the group said that it does not wait,
    /// which it also says of an instance it waits for in a moment.
    pub last: Option<Reading<()>>,
}

/// What the group is to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Word {
    /// The instance is ready.
    Ready,
    /// It failed.
    Failed,
}

/// What the group is to hear now, if anything; or else how long until it is time to look again.
pub fn word(launch: &Launch) -> Result<Duration, Word> {
    let patient = launch.was_member || launch.on_failure == OnFailure::Wait;
    let word = if !launch.in_service {
        return Ok(pace::ROUND);
    } else if launch.member {
        Word::Ready
    } else if patient {
        return Ok(pace::ROUND);
    } else if let Some(left) = pace::remaining(launch.budget, launch.age) {
        return Ok(left);
    } else {
        Word::Failed
    };
    let gap = |last: &Reading<()>| match &last.value {
        Ok(()) => pace::remaining(pace::NOT_WAITING_GAP, last.age),
        Err(_) => pace::remaining(pace::Gaps::LAUNCH.after(last.looks), last.age),
    };
    launch.last.as_ref().and_then(gap).ok_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::Trouble;

    const MINUTE: Duration = Duration::from_mins(1);

    fn launch() -> Launch {
        Launch {
            in_service: true,
            member: false,
            was_member: false,
            age: MINUTE,
            budget: 15 * MINUTE,
            on_failure: OnFailure::Abandon,
            last: None,
        }
    }

    fn last(value: Result<(), Trouble>, age: Duration) -> Reading<()> {
        Reading {
            value,
            age,
            looks: 1,
            lasted: Duration::ZERO,
        }
    }

    #[test]
    fn a_member_is_ready_and_a_late_instance_failed() {
        let member = Launch {
            member: true,
            was_member: true,
            ..launch()
        };
        assert_eq!(word(&member), Err(Word::Ready));
        assert_eq!(word(&launch()), Ok(14 * MINUTE));
        let late = Launch {
            age: 15 * MINUTE,
            ..launch()
        };
        assert_eq!(word(&late), Err(Word::Failed));
        for patient in [
            Launch {
                was_member: true,
                ..late.clone()
            },
            Launch {
                on_failure: OnFailure::Wait,
                ..late.clone()
            },
            Launch {
                in_service: false,
                ..late
            },
        ] {
            assert_eq!(word(&patient), Ok(pace::ROUND), "{patient:?}");
        }
    }

    #[test]
    fn a_call_that_failed_is_repeated_after_a_gap() {
        let with = |value, age| {
            word(&Launch {
                member: true,
                last: Some(last(value, age)),
                ..launch()
            })
        };
        let denied = || Err(Trouble::Denied("d".into()));
        assert_eq!(with(denied(), Duration::ZERO), Ok(Duration::from_secs(5)));
        assert_eq!(with(denied(), MINUTE), Err(Word::Ready));
        assert_eq!(with(Ok(()), Duration::ZERO), Ok(pace::NOT_WAITING_GAP));
        assert_eq!(with(Ok(()), MINUTE), Err(Word::Ready));
    }
}
