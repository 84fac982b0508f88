//! The engine is in a swarm. Is it the cluster's?

use super::{Gaps, form, pace, step, wait_or};
use crate::swarm::{Action, Control, Decision, Member, Observation, Reason};

pub(super) fn decide(seen: &Observation, member: &Member) -> Decision {
    let remembered = seen
        .membership
        .as_ref()
        .is_some_and(|m| m.node_id == member.node_id);
    match &member.control {
        Control::NoLeader(_) => step(Action::Wait(pace::ROUND), Reason::NoLeader),
        _ if remembered => serve(member),
        Control::Manager {
            origin: Some(origin),
            ..
        } => form::settle(seen, member, origin),
        Control::Manager { .. } | Control::Worker => recognise(seen, member),
    }
}

/// A member whose place is known needs nothing but its own engine.
fn serve(member: &Member) -> Decision {
    let leader = matches!(member.control, Control::Manager { leader: true, .. });
    step(Action::Serve(pace::ROUND), Reason::Member { leader })
}

/// The agent ended between the join and the note of it, or somebody else joined this
/// node: the ticket tells whether the swarm is the cluster's.
fn recognise(seen: &Observation, member: &Member) -> Decision {
    let Some(reading) = &seen.ticket else {
        return step(Action::ReadTicket, Reason::Unproven);
    };
    match (&reading.value, &member.swarm_id) {
        (Ok(Some(ticket)), Some(here)) if ticket.swarm_id == *here => {
            step(Action::Remember(ticket.epoch), Reason::Unproven)
        }
        (Ok(Some(ticket)), Some(here)) => {
            let reason = Reason::ForeignSwarm {
                here: here.clone(),
                cluster: ticket.swarm_id.clone(),
            };
            wait_or(Gaps::TICKET, reading, Action::ReadTicket, reason)
        }
        (Err(trouble), _) => {
            let reason = Reason::TicketUnreadable(trouble.to_string());
            wait_or(Gaps::TICKET, reading, Action::ReadTicket, reason)
        }
        (Ok(_), _) => wait_or(Gaps::TICKET, reading, Action::ReadTicket, Reason::Unproven),
    }
}
