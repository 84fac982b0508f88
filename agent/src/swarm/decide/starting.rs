//! The engine's API does not answer.

use super::{once_in_a_while, pace, step};
use crate::swarm::{Action, Decision, Observation, Reason};

/// The engine starts in a second or two, in 21 s while no manager answers it: the ticket is
/// fetched meanwhile, but only by a node that will need it. One that hangs is restarted.
pub(super) fn decide(seen: &Observation) -> Decision {
    if seen.membership.is_none() && seen.ticket.is_none() {
        return step(Action::ReadTicket, Reason::TicketUnknown);
    }
    match pace::remaining(pace::ENGINE_PATIENCE, seen.since) {
        Some(left) => step(Action::Wait(left.min(pace::ROUND)), Reason::EngineDown),
        None => once_in_a_while(seen, Action::RestartEngine, Reason::EngineHangs),
    }
}
