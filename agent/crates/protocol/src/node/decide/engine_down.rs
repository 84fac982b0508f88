//! The engine's API does not answer.

use std::time::Duration;

use super::lost_contact::{self, Search};
use super::{once_in_a_while, pace, step};
use crate::facts::addressing::{self, Choice};
use crate::{Action, Decision, EngineState, Membership, Observation, Reading, Reason, Role};

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
    let resting = seen
        .acted
        .and_then(|age| pace::remaining(pace::ACT_GAP, age));
    let wait = |left: Duration, reason| step(Action::Wait(left.min(pace::ROUND)), reason);
    let found = lost_contact::elsewhere_within(seen, membership, pace::ENGINE_LOOKS);
    match (found, resting) {
        (Err(Search::Ask(ask)), _) => step(ask, known(seen)),
        (Ok(found), None) if found.has_lasted() => step(Action::ClearSwarm, Reason::StateUnusable),
        (Ok(_), left) => wait(left.unwrap_or(pace::REMOVED_GAP), Reason::StateUnusable),
        (Err(Search::Wait(_)), None) => step(Action::RestartEngine, alone(seen)),
        (Err(Search::Wait(_)), Some(left)) => wait(left, alone(seen)),
    }
}

/// What the last answers said: the reason stays the same while they are asked for again.
fn known(seen: &Observation) -> Reason {
    let ticket = seen.ticket.as_ref().and_then(|read| read.value()?.as_ref());
    let answers = seen.managers.as_ref().and_then(Reading::value);
    match ticket.zip(answers) {
        None => Reason::EngineFails,
        Some((ticket, answers)) => match addressing::choose(ticket, answers, 0) {
            Choice::Join(_) => Reason::StateUnusable,
            Choice::Nobody(_) => alone(seen),
        },
    }
}

/// A worker's state is no copy of anything.
fn alone(seen: &Observation) -> Reason {
    match seen.role {
        Role::Manager => Reason::OnlyCopy(None),
        Role::Worker => Reason::EngineHangs,
    }
}
