//! The engine is in no swarm: find the cluster's, and join it.

use std::net::SocketAddr;

use super::epochs::{self, Bid};
use super::{Gaps, lost_swarm, pace, step, wait_or};
use crate::facts::addressing::{self, Choice};
use crate::node::Joining;
use crate::{Action, Decision, Epoch, Observation, Probed, Reading, Reason, Role, Ticket};

pub(super) fn decide(seen: &Observation) -> Decision {
    let Some(reading) = &seen.ticket else {
        return step(Action::ReadTicket, Reason::TicketUnknown);
    };
    match (&reading.value, seen.role) {
        (Ok(Some(ticket)), _) => join(seen, ticket, reading),
        (Ok(None), Role::Manager) => epochs::bid(seen, reading, &Bid::to_init(Epoch::FIRST)),
        (Ok(None), Role::Worker) => {
            wait_or(Gaps::TICKET, reading, Action::ReadTicket, Reason::NoTicket)
        }
        (Err(trouble), _) => {
            let reason = Reason::TicketUnreadable(trouble.to_string());
            wait_or(Gaps::TICKET, reading, Action::ReadTicket, reason)
        }
    }
}

/// A ticket: the engine dials only the first address it is given and takes ten seconds to
/// fail, so it is given one that has just answered.
fn join(seen: &Observation, ticket: &Ticket, read: &Reading<Option<Ticket>>) -> Decision {
    if let Some(left) = seen
        .left
        .and_then(|age| pace::remaining(pace::REJOIN_GAP, age))
    {
        return step(Action::Wait(left), Reason::JustLeft);
    }
    if let Some(failure) = &seen.join {
        let reason = Reason::JoinFailed(failure.cause.clone());
        if let Some(left) = pace::remaining(Gaps::JOIN.after(failure.attempts), failure.age) {
            return step(Action::Wait(left), reason);
        }
        // The token may have been rotated, the swarm replaced: a newer ticket would say so.
        if read.age > failure.age {
            return step(Action::ReadTicket, reason);
        }
    }
    let Some(probes) = seen.managers.as_ref().filter(|p| p.age <= read.age) else {
        return step(seen.probe(), Reason::ManagersUnknown);
    };
    let answers = probes.value.as_deref().unwrap_or_default();
    let failed = seen.join.as_ref().map_or(0, |failure| failure.attempts);
    match addressing::choose(ticket, answers, failed) {
        Choice::Join(address) => fresh(seen, ticket, probes, address),
        Choice::Nobody(why) => unanswered(seen, ticket, read, probes, why),
    }
}

/// An answer older than this says little about a manager.
fn fresh<T>(
    seen: &Observation,
    ticket: &Ticket,
    probes: &Reading<T>,
    manager: SocketAddr,
) -> Decision {
    if probes.age > Gaps::PROBE.after(u32::MAX) {
        return step(seen.probe(), Reason::ManagersUnknown);
    }
    let ticket = ticket.clone();
    let joining = Box::new(Joining { ticket, manager });
    step(Action::Join(joining), Reason::ManagerAnswers)
}

/// Managers may be about to come back, or the ticket may be about to name others. Probes
/// cost nothing, reads of the ticket are shared with the whole account: the first are
/// repeated more often than the second. A manager asks in time whether the swarm is lost.
fn unanswered(
    seen: &Observation,
    ticket: &Ticket,
    read: &Reading<Option<Ticket>>,
    probes: &Reading<Vec<Probed>>,
    why: String,
) -> Decision {
    let mut reason = Reason::NoManagerAnswers(why);
    if seen.role == Role::Manager && probes.lasted >= pace::SILENCE {
        match lost_swarm::judge(seen, ticket, read) {
            Ok(decision) => return decision,
            Err(waits_for) => reason = waits_for.unwrap_or(reason),
        }
    }
    let Some(until_read) = Gaps::TICKET.remaining(read) else {
        return step(Action::ReadTicket, reason);
    };
    match Gaps::PROBE.remaining(probes) {
        Some(until_probe) => step(Action::Wait(until_probe.min(until_read)), reason),
        None => step(seen.probe(), reason),
    }
}
