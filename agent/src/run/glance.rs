//! A look at the engine that the next round may rest on as well.

use std::time::Duration;

use tokio::time::Instant;

use crate::swarm::EngineState;

/// A look is so long as good as one of now.
const FRESH: Duration = Duration::from_millis(500);

/// The last look at the engine, as long as the agent has neither touched the engine since nor waited for
/// anything. A round after a question to somebody else needs no look of its own: on the way into a swarm
/// each takes as long as the question did.
#[derive(Debug, Default)]
pub(super) struct Glance(Option<(EngineState, Instant)>);

impl Glance {
    /// Keeps what was seen now. An engine that is down may be up in the next moment.
    pub(super) fn keep(&mut self, state: &EngineState) {
        let up = Some(state).filter(|state| !matches!(state, EngineState::Down));
        self.0 = up.map(|state| (state.clone(), Instant::now()));
    }

    /// What was seen, if that was just now.
    pub(super) fn fresh(&self) -> Option<EngineState> {
        let (state, at) = self.0.as_ref()?;
        (at.elapsed() < FRESH).then(|| state.clone())
    }

    /// The next round has to look.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_look_grows_old() {
        let mut glance = Glance::default();
        assert_eq!(glance.fresh(), None);
        glance.keep(&EngineState::Inactive);
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(glance.fresh(), Some(EngineState::Inactive));
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(glance.fresh(), None);
    }

    #[tokio::test]
    async fn what_is_forgotten_or_down_is_looked_at_again() {
        let mut glance = Glance::default();
        glance.keep(&EngineState::Down);
        assert_eq!(glance.fresh(), None);
        glance.keep(&EngineState::Inactive);
        glance.forget();
        assert_eq!(glance.fresh(), None);
    }
}
