//! The decision: total, pure, one step at a time.
//!
//! Each function takes the facts and gives one step with its reason. None of them has a
//! clock, an input or an output: time enters as ages. A crash between two steps needs no
//! case of its own, because the next round starts from the facts again.
//!
//! ```text
//! departing ............. leaving       say so, drain, leave, have Auto Scaling go on
//! engine down ........... engine_down   wait; fetch the ticket; restart a hanging engine
//! its swarm part failed . engine_error  wait; put a clock right; join again if another manager can take it
//! in no swarm ........... outside       join by the ticket
//!   nobody answers ...... lost_swarm    is the swarm gone for good?
//!   no swarm, manager ... epochs        claim an epoch, make its swarm
//! in a swarm ............ inside        a member's quiet life; is this the cluster's swarm?
//!   made by this node ... own_swarm     write down that it is the cluster's, or leave it
//!   managers silent ..... lost_contact  what do managers say of this node; do others answer?
//!   no leader, manager .. no_leader     is the majority gone for good?
//! locked ................ (here)        fetch the key
//! ```

mod engine_down;
mod engine_error;
mod epochs;
mod hooks;
mod inside;
mod leaving;
mod lost_contact;
mod lost_swarm;
mod no_leader;
mod outside;
mod own_swarm;

use std::time::Duration;

use crate::pace::{self, Gaps};
use crate::{Action, Decision, EngineState, Observation, Reading, Reason};

/// What to do next.
pub fn decide(seen: &Observation) -> Decision {
    let departing = seen.departure.as_ref();
    if let Some(decision) = departing.and_then(|d| leaving::decide(seen, d)) {
        return decision;
    }
    let decision = as_usual(seen);
    match decision.reason {
        Reason::Member { leader, .. } if departing.is_some_and(|d| !d.withdrawn) => Decision {
            reason: Reason::Drained { leader },
            ..decision
        },
        _ => decision,
    }
}

fn as_usual(seen: &Observation) -> Decision {
    match &seen.engine {
        EngineState::Down | EngineState::Unspoken(_) => engine_down::decide(seen),
        EngineState::Inactive => outside::decide(seen),
        EngineState::Pending(_) => lost_contact::pending(seen),
        EngineState::Error(failure) => engine_error::decide(seen, &failure.said),
        EngineState::Locked => locked(seen),
        EngineState::Active(member) => inside::decide(seen, member),
    }
}

/// A manager whose raft store is encrypted. Without the key only a person can go on.
fn locked(seen: &Observation) -> Decision {
    match &seen.unlock {
        None => step(Action::Unlock, Reason::EngineLocked(None)),
        Some(reading) => {
            let trouble = reading.value.as_ref().err().map(ToString::to_string);
            let reason = Reason::EngineLocked(trouble);
            wait_or(Gaps::TROUBLE, reading, Action::Unlock, reason)
        }
    }
}

fn step(action: Action, reason: Reason) -> Decision {
    Decision { action, reason }
}

/// What cannot be undone: at most one such act per node in ten minutes, so that a wrong
/// conclusion cannot be drawn twice in a row.
fn once_in_a_while(seen: &Observation, action: Action, reason: Reason) -> Decision {
    match seen
        .acted
        .and_then(|age| pace::remaining(pace::ACT_GAP, age))
    {
        None => step(action, reason),
        Some(left) => {
            let reason = Reason::Resting {
                would: action.name(),
                because: Box::new(reason),
            };
            step(Action::Wait(left.min(pace::ROUND)), reason)
        }
    }
}

/// Waits out a reading's gap, or asks again.
fn wait_or<T>(gaps: Gaps, reading: &Reading<T>, ask: Action, reason: Reason) -> Decision {
    match gaps.remaining(reading) {
        Some(left) => step(Action::Wait(left), reason),
        None => step(ask, reason),
    }
}

/// The first question whose time has come; else the time until the soonest of them.
fn soonest(
    questions: impl IntoIterator<Item = (Option<Duration>, Action)>,
) -> Result<Duration, Action> {
    let mut soonest = pace::ROUND;
    for (left, ask) in questions {
        soonest = soonest.min(left.ok_or(ask)?);
    }
    Ok(soonest)
}

#[cfg(test)]
mod tests;
