//! The engine's API does not answer.

use super::{once_in_a_while, pace, step};
use crate::swarm::{Action, Decision, EngineState, Observation, Reason};

/// The engine starts in a second or two, in 21 s while no manager answers it: the ticket is
/// fetched meanwhile, but only by a node that will need it. One that hangs is restarted; one that is too new for the
/// agent is not, since it does its work, and so do its tasks.
pub(super) fn decide(seen: &Observation) -> Decision {
    if let EngineState::Unspoken(why) = &seen.engine {
        let reason = Reason::EngineUnspoken(why.clone());
        return step(Action::Wait(pace::ROUND), reason);
    }
    if seen.membership.is_none() && seen.ticket.is_none() {
        return step(Action::ReadTicket, Reason::TicketUnknown);
    }
    match pace::remaining(pace::ENGINE_PATIENCE, seen.since) {
        Some(left) => step(Action::Wait(left.min(pace::ROUND)), Reason::EngineDown),
        None => once_in_a_while(seen, Action::RestartEngine, Reason::EngineHangs),
    }
}
