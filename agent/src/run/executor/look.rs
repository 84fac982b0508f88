//! A look at the engine.

use std::time::Duration;

use tokio::time::timeout;
use tracing::error;

use docker::{Engine, EngineError};
use protocol::EngineState;

/// An engine that starts holds its callers until it is up (systemd listens on its socket):
/// a look that takes longer counts as "down" while there is something to fetch meanwhile.
const GLANCE: Duration = Duration::from_millis(50);

/// How the engine is, if it says so at once.
pub(in crate::run) async fn at_once(engine: &impl Engine) -> EngineState {
    let looked = timeout(GLANCE, engine.state()).await;
    looked.map_or(EngineState::Down, told)
}

/// What an engine's silence or refusal says of it.
pub(in crate::run) fn told(state: Result<EngineState, EngineError>) -> EngineState {
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
            EngineError::Slow(GLANCE),
            EngineError::Unloaded,
        ] {
            assert_eq!(told(Err(silent)), EngineState::Down);
        }
        assert_eq!(told(Ok(EngineState::Inactive)), EngineState::Inactive);
    }
}
