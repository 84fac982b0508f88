//! A look at the engine that the next round may rest on as well.

use std::time::Duration;

use tokio::time::timeout;
use tracing::error;

use docker::{Engine, EngineError};
use protocol::{EngineState, Moment, Stamp};

/// An engine that starts holds its callers until it is up (systemd listens on its socket):
/// a look that takes longer counts as "down" while there is something to fetch meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// A look is so long as good as one of now.
const FRESH: Duration = Duration::from_millis(500);

/// It serves no more rounds than these, so that no round without a look follows another for ever.
const SERVES: u8 = 8;

/// The last look at the engine, as long as the agent has neither touched the engine since nor waited for
/// anything. A round after a question to somebody else needs no look of its own: on the way into a swarm
/// each takes as long as the question did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Glance(Option<Seen>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Seen {
    state: EngineState,
    at: Stamp,
    left: u8,
}

impl Glance {
    /// Keeps what was seen then. An engine that is down, or replaced, may be up in the next moment.
    pub(super) fn keep(&mut self, state: &EngineState, at: Stamp) {
        let up = !matches!(state, EngineState::Down | EngineState::Unspoken(_));
        self.0 = up.then(|| Seen {
            state: state.clone(),
            at,
            left: SERVES,
        });
    }

    /// What was seen, if that was just now.
    pub(super) fn fresh(&mut self, now: Moment) -> Option<EngineState> {
        let seen = self.0.as_mut()?;
        if seen.at.age(now) >= FRESH {
            return None;
        }
        seen.left = seen.left.checked_sub(1)?;
        Some(seen.state.clone())
    }

    /// The next round has to look.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// How the engine is, if it says so at once.
pub(super) async fn at_once(engine: &impl Engine) -> EngineState {
    let looked = timeout(GLANCE, engine.state()).await;
    looked.map_or(EngineState::Down, told)
}

/// What an engine's silence or refusal says of it.
pub(super) fn told(state: Result<EngineState, EngineError>) -> EngineState {
    state.unwrap_or_else(|error| match error {
        EngineError::Unspoken(_) => EngineState::Unspoken(error.to_string()),
        EngineError::Refused { .. } | EngineError::Unloaded => {
            error!(%error, "the engine does not say how it is");
            EngineState::Down
        }
        _ => EngineState::Down,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One that is silent may hang and be restarted; one that is too new does its work.
    #[test]
    fn an_engine_that_is_too_new_is_told_from_a_silent_one() {
        let newer = EngineError::Unspoken("client version 1.53 is too old.".into());
        let words = newer.to_string();
        assert_eq!(told(Err(newer)), EngineState::Unspoken(words));
        for silent in [
            EngineError::Down("Connection refused".into()),
            EngineError::Slow(FRESH),
            EngineError::Unloaded,
        ] {
            assert_eq!(told(Err(silent)), EngineState::Down);
        }
        assert_eq!(told(Ok(EngineState::Inactive)), EngineState::Inactive);
    }

    const NOW: Moment = Moment {
        up: Duration::from_mins(1),
        unix: 0,
        random: 0,
    };

    fn later(time: Duration) -> Moment {
        Moment {
            up: NOW.up + time,
            ..NOW
        }
    }

    #[test]
    fn a_look_grows_old() {
        let mut glance = Glance::default();
        assert_eq!(glance.fresh(NOW), None);
        glance.keep(&EngineState::Inactive, NOW.stamp());
        assert_eq!(glance.fresh(later(FRESH / 2)), Some(EngineState::Inactive));
        assert_eq!(glance.fresh(later(FRESH)), None);
    }

    #[test]
    fn a_look_serves_some_rounds() {
        let mut glance = Glance::default();
        glance.keep(&EngineState::Inactive, NOW.stamp());
        let served = std::iter::from_fn(|| glance.fresh(NOW)).count();
        assert_eq!(served, usize::from(SERVES));
    }

    #[test]
    fn what_is_forgotten_or_down_is_looked_at_again() {
        let mut glance = Glance::default();
        glance.keep(&EngineState::Down, NOW.stamp());
        assert_eq!(glance.fresh(NOW), None);
        glance.keep(&EngineState::Inactive, NOW.stamp());
        glance.forget();
        assert_eq!(glance.fresh(NOW), None);
    }
}
