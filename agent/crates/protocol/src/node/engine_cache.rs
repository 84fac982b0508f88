//! A look at the engine that the next rounds may rest on as well.

use std::time::Duration;

use crate::node::{Retime, TimeOf};
use crate::{EngineState, Moment, Span, Stamp};

/// A look is so long as good as one of now.
const FRESH: Duration = Duration::from_millis(500);
/// It serves no more rounds than these after its own, so that no round without a look follows another for ever.
const SERVES: u8 = 8;

/// When the engine was looked at last, as long as the agent has neither touched it since nor waited for anything. A
/// round after a question to somebody else needs no look of its own: on the way into a swarm each takes as long as
/// the question did.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(super) struct EngineCache(Option<Look>);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Look {
    at: Stamp,
    /// An engine that is down, or replaced, may be up in the next moment.
    up: bool,
    /// The rounds that have begun since.
    rounds: u8,
}

impl EngineCache {
    /// The engine was looked at.
    pub(super) fn looked(&mut self, state: &EngineState, now: Moment) {
        self.0 = Some(Look {
            at: now.stamp(),
            up: !matches!(state, EngineState::Down | EngineState::Unspoken(_)),
            rounds: 0,
        });
    }

    /// Another round begins.
    pub(super) fn begin_round(&mut self) {
        if let Some(look) = &mut self.0 {
            look.rounds = look.rounds.saturating_add(1);
        }
    }

    /// The next round has to look.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }

    pub(super) fn retime(&mut self, retime: Retime<'_>) {
        if let Some(look) = &mut self.0 {
            look.at = retime(TimeOf::EngineCache, Span::of(look.at)).last;
        }
    }

    /// Whether this round has looked itself: what is drastic rests on nothing else.
    pub(super) fn is_of_this_round(&self) -> bool {
        self.0.as_ref().is_some_and(|look| look.rounds == 0)
    }

    /// Whether a round may rest on the last look.
    pub(super) fn serves(&self, now: Moment) -> bool {
        self.0.as_ref().is_some_and(|look| {
            let fresh = look.up && look.rounds <= SERVES && look.at.age(now) < FRESH;
            look.rounds == 0 || fresh
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn looked(state: &EngineState) -> EngineCache {
        let mut cache = EngineCache::default();
        cache.looked(state, NOW);
        cache
    }

    #[test]
    fn a_look_grows_old() {
        assert!(!EngineCache::default().serves(NOW));
        let mut cache = looked(&EngineState::Inactive);
        cache.begin_round();
        assert!(cache.serves(later(FRESH / 2)));
        assert!(!cache.serves(later(FRESH)));
    }

    #[test]
    fn a_look_serves_some_rounds() {
        let mut cache = looked(&EngineState::Inactive);
        let served = std::iter::from_fn(|| {
            cache.begin_round();
            cache.serves(NOW).then_some(())
        });
        assert_eq!(served.count(), usize::from(SERVES));
    }

    #[test]
    fn what_is_forgotten_or_down_is_looked_at_again() {
        let mut cache = looked(&EngineState::Down);
        assert!(cache.serves(NOW) && cache.is_of_this_round());
        cache.begin_round();
        assert!(!cache.serves(NOW) && !cache.is_of_this_round());
        let mut cache = looked(&EngineState::Inactive);
        cache.forget();
        assert!(!cache.serves(NOW));
    }
}
