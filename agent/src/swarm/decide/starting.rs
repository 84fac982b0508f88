//! The engine's API does not answer.

use super::astray::{self, Search};
use super::{once_in_a_while, pace, step};
use crate::swarm::{Action, Decision, Membership, Observation, Reason, Role};

/// The engine starts in a second or two, in 21 s while no manager answers it: the ticket is
/// fetched meanwhile, but only by a node that will need it. One that hangs is restarted.
pub(super) fn decide(seen: &Observation) -> Decision {
    if seen.membership.is_none() && seen.ticket.is_none() {
        return step(Action::ReadTicket, Reason::TicketUnknown);
    }
    if let Some(left) = pace::remaining(pace::ENGINE_PATIENCE, seen.since) {
        return step(Action::Wait(left.min(pace::ROUND)), Reason::EngineDown);
    }
    match &seen.membership {
        Some(membership) if seen.since >= pace::ENGINE_LIMIT => fails(seen, membership),
        _ => once_in_a_while(seen, Action::RestartEngine, Reason::EngineHangs),
    }
}

/// A restart has not helped, or had to wait. A raft log that is behind what the leader knows, a disk that was
/// full: an engine ends at each start with such a swarm state (moby#29180). Managers of the same swarm that
/// answer with a leader have all that it holds; without them it may be the last copy there is.
fn fails(seen: &Observation, membership: &Membership) -> Decision {
    match astray::elsewhere(seen, membership) {
        Ok(found) if found.has_lasted() => {
            once_in_a_while(seen, Action::ClearSwarm, Reason::StateUnusable)
        }
        Ok(_) => step(Action::Wait(pace::REMOVED_GAP), Reason::EngineFails),
        Err(Search::Ask(ask)) => step(ask, Reason::EngineFails),
        Err(Search::Wait(_)) => {
            let reason = match seen.role {
                Role::Manager => Reason::OnlyCopy,
                Role::Worker => Reason::EngineHangs,
            };
            once_in_a_while(seen, Action::RestartEngine, reason)
        }
    }
}
