//! The decision: total, pure, one step at a time.
//!
//! Each function takes the facts and gives one step with its reason. None of them has a
//! clock, an input or an output: time enters as ages. A crash between two steps needs no
//! case of its own, because the next round starts from the facts again.

mod form;
mod inside;
mod outside;

use std::time::Duration;

use super::pace::{self, Gaps};
use super::{Action, Decision, EngineState, Observation, Reading, Reason};

/// What to do next.
pub fn decide(seen: &Observation) -> Decision {
    match &seen.engine {
        EngineState::Down { .. } => meanwhile(seen),
        EngineState::Inactive => outside::decide(seen),
        EngineState::Pending { since, .. } => pending(seen, *since),
        EngineState::Error(why) => failed(seen, why),
        EngineState::Locked => step(Action::Wait(pace::ROUND), Reason::EngineLocked),
        EngineState::Active(member) => inside::decide(seen, member),
    }
}

/// The engine starts in a second or two: the ticket is fetched while it does, but only by
/// a node that will need it.
fn meanwhile(seen: &Observation) -> Decision {
    if seen.membership.is_none() && seen.ticket.is_none() {
        return step(Action::ReadTicket, Reason::TicketUnknown);
    }
    step(Action::Wait(pace::ROUND), Reason::EngineDown)
}

/// A join goes on in the background after its call has failed, so it is watched before it
/// is given up. A node that was in the swarm before waits for its managers for ever: its
/// containers run on meanwhile, and leaving would kill them.
fn pending(seen: &Observation, since: Duration) -> Decision {
    if seen.membership.is_some() {
        return step(Action::Wait(pace::ROUND), Reason::EnginePending);
    }
    match pace::remaining(pace::PENDING_LIMIT, since) {
        Some(left) => step(Action::Wait(left), Reason::EnginePending),
        None => step(Action::Leave, Reason::JoinStuck),
    }
}

/// A failed join leaves nothing behind that could be lost. With a membership there may be
/// containers, and only a person knows whether they may go.
fn failed(seen: &Observation, why: &str) -> Decision {
    let reason = Reason::EngineError(why.to_owned());
    match seen.membership {
        None => step(Action::Leave, reason),
        Some(_) => step(Action::Wait(pace::ROUND), reason),
    }
}

fn step(action: Action, reason: Reason) -> Decision {
    Decision { action, reason }
}

/// Waits out a reading's gap, or asks again.
fn wait_or<T>(gaps: Gaps, reading: &Reading<T>, ask: Action, reason: Reason) -> Decision {
    match gaps.remaining(reading) {
        Some(left) => step(Action::Wait(left), reason),
        None => step(ask, reason),
    }
}

#[cfg(test)]
mod tests;
