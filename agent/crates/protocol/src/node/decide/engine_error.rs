//! The engine's swarm part has failed, by its own word.

use std::time::Duration;

use super::lost_contact::{self, Elsewhere, Search};
use super::{once_in_a_while, pace, step};
use crate::{Action, Decision, Membership, Observation, Reason, Role, Validity};

/// A failed join leaves nothing behind that could be lost. A member has: it is in a hurry for nothing.
pub(super) fn decide(seen: &Observation, why: &str) -> Decision {
    let why = why.to_owned();
    match (&seen.membership, seen.validity) {
        (None, Some(Validity::NotYet)) => step(Action::Leave, Reason::ClockBehind(why)),
        (None, _) => step(Action::Leave, Reason::EngineError(why)),
        // A wrong clock is no proof of anything, however long it is wrong.
        (Some(_), Some(Validity::NotYet)) => {
            step(Action::Wait(pace::ROUND), Reason::ClockBehind(why))
        }
        (Some(_), Some(Validity::Now)) => restart(seen, Reason::ClockWasWrong(why)),
        (Some(membership), Some(Validity::Over) | None) => leave(seen, membership, why),
    }
}

/// The clock is right now. Docker tries again by itself only where the engine has been in the swarm since it was started
/// (moby `daemon/cluster/noderunner.go`, `handleNodeExit`): one that was started with a wrong clock stays as it is.
fn restart(seen: &Observation, reason: Reason) -> Decision {
    match patience(seen) {
        Some(left) => step(Action::Wait(left), reason),
        None => once_in_a_while(seen, Action::RestartEngine, reason),
    }
}

/// A member whose certificate is over goes only when a manager is there that can take it back. And not at once: Docker tries
/// again by itself, and a manager in the moment of its promotion fails so where one that it knows has just ended. If it left
/// then, raft would count it for ever.
fn leave(seen: &Observation, membership: &Membership, why: String) -> Decision {
    let reason = Reason::EngineError(why.clone());
    if let Some(left) = patience(seen) {
        return step(Action::Wait(left), reason);
    }
    match lost_contact::elsewhere(seen, membership) {
        Ok(Elsewhere { .. }) => once_in_a_while(seen, Action::Leave, reason),
        Err(Search::Ask(ask)) => step(ask, reason),
        // A damaged raft log, say. Nobody else has what it holds.
        Err(Search::Wait(left)) if seen.role == Role::Manager => {
            step(Action::Wait(left), Reason::OnlyCopy(Some(why)))
        }
        Err(Search::Wait(left)) => step(Action::Wait(left), reason),
    }
}

/// Until when Docker may still come back by itself: the next look.
fn patience(seen: &Observation) -> Option<Duration> {
    let left = pace::remaining(pace::ERROR_LIMIT, seen.since)?;
    Some(left.min(pace::ERROR_LOOK))
}
