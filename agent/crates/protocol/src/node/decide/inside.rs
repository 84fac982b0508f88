//! The engine is in a swarm. Is it the cluster's, and is this node still in it?

use std::time::Duration;

use super::{Gaps, lost_contact, no_leader, once_in_a_while, own_swarm, pace, step, wait_or};
use crate::{
    Action, Control, Decision, Epoch, Identity, Member, Membership, Observation, Origin, Reason,
    Role,
};

pub(super) fn decide(seen: &Observation, member: &Member) -> Decision {
    let here = &member.identity;
    let remembered = seen
        .membership
        .as_ref()
        .filter(|membership| here.node_id.as_ref() == Some(&membership.node_id));
    match (&member.control, remembered) {
        (Control::NoLeader(_), Some(membership)) => no_leader::decide(seen, here, membership),
        (Control::NoLeader(_), None) => step(Action::Wait(pace::ROUND), Reason::NoLeader),
        (Control::Manager { leader, origin }, Some(membership)) => {
            manager(seen, here, membership, *leader, origin.as_ref())
        }
        (Control::Worker, Some(membership)) => worker(seen, membership),
        (
            Control::Manager {
                origin: Some(origin),
                ..
            },
            None,
        ) => own_swarm::settle(seen, here, origin),
        (Control::Manager { .. } | Control::Worker, None) => recognise(seen, here),
    }
}

/// A manager with a leader is a member by raft's own word.
fn manager(
    seen: &Observation,
    here: &Identity,
    membership: &Membership,
    leader: bool,
    origin: Option<&Origin>,
) -> Decision {
    if let Some(epoch) = seen.forced.filter(|epoch| *epoch > membership.epoch) {
        return own_swarm::resume(seen, here, origin, epoch);
    }
    let epoch = origin.map_or(membership.epoch, |o| o.epoch.max(membership.epoch));
    match superseded(seen, here, epoch) {
        Some(decision) => decision,
        None if epoch > membership.epoch => {
            step(seen.remember(here, epoch), Reason::Recovered(epoch))
        }
        None => {
            let reason = Reason::Member {
                leader,
                awaits_promotion: false,
            };
            step(Action::Serve(pace::ROUND), reason)
        }
    }
}

/// The ticket names a later epoch than this swarm's own label. The same swarm's later epoch means
/// that this one is what a recovery has left behind. Another swarm's means two live swarms, and
/// only a person can know how that came about.
fn superseded(seen: &Observation, here: &Identity, epoch: Epoch) -> Option<Decision> {
    let reading = seen.ticket.as_ref()?;
    let ticket = reading.value()?.as_ref()?;
    if ticket.epoch <= epoch {
        return None;
    }
    if here.swarm_id.as_ref() == Some(&ticket.swarm_id) {
        let reason = Reason::Superseded(ticket.epoch);
        return Some(once_in_a_while(seen, Action::Leave, reason));
    }
    let reason = Reason::TwoSwarms {
        here: here.swarm_id.clone().unwrap_or_default(),
        newer: ticket.swarm_id.clone(),
    };
    Some(wait_or(Gaps::STRAY, reading, Action::ReadTicket, reason))
}

/// A worker's engine never tells that it was removed or that its managers are gone: its managers
/// are asked.
fn worker(seen: &Observation, membership: &Membership) -> Decision {
    let awaits_promotion = seen.role == Role::Manager;
    let calm = Reason::Member {
        leader: false,
        awaits_promotion,
    };
    let rest = if awaits_promotion {
        |pause: Duration| Action::Serve(pause.min(pace::PROMOTION_LOOK))
    } else {
        Action::Serve
    };
    let decision = lost_contact::weigh(seen, membership, rest, calm);
    let waits = matches!(
        decision.reason,
        Reason::Member {
            awaits_promotion: true,
            ..
        }
    );
    let record = waits.then(|| own_record(seen, &membership.node_id));
    record.flatten().unwrap_or(decision)
}

/// The leader promotes nobody on his own word. Which node this instance is, only the managers' role may write down.
fn own_record(seen: &Observation, node_id: &str) -> Option<Decision> {
    let failed = match &seen.recorded {
        Some(reading) if reading.value.as_deref() == Ok(node_id) => return None,
        Some(reading) => reading.value.as_ref().err().map(|why| (reading, why)),
        None => None,
    };
    let record = || Action::RecordNode(node_id.to_owned());
    Some(match failed {
        None => step(record(), Reason::RecordingNode(None)),
        Some((reading, why)) => {
            let reason = Reason::RecordingNode(Some(why.to_string()));
            match Gaps::TROUBLE.remaining(reading) {
                Some(left) => step(Action::Serve(left.min(pace::PROMOTION_LOOK)), reason),
                None => step(record(), reason),
            }
        }
    })
}

/// The agent ended between the join and the note of it, or somebody else joined this
/// node: the ticket tells whether the swarm is the cluster's.
fn recognise(seen: &Observation, here: &Identity) -> Decision {
    let Some(reading) = &seen.ticket else {
        return step(Action::ReadTicket, Reason::Unproven);
    };
    match (&reading.value, &here.swarm_id) {
        (Ok(Some(ticket)), Some(swarm)) if ticket.swarm_id == *swarm => {
            step(seen.remember(here, ticket.epoch), Reason::Unproven)
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
