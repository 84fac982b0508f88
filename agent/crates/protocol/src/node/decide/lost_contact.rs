//! A member that has to find out where it stands: what its managers say of it, and, where they are
//! silent, whether the ticket's answer.

use std::time::Duration;

use super::lost_swarm::{self, Fate};
use super::{Gaps, once_in_a_while, pace, soonest, step};
use crate::facts::addressing::{self, Choice};
use crate::{
    Action, Decision, Membership, Observation, Probed, Reading, Reason, Role, Standing, Ticket,
    Verdict,
};

/// How long to stay with what one has: as a member that serves, or waiting.
type Rest = fn(Duration) -> Action;

/// A join goes on in the background after its call has failed, so it is watched before it is
/// given up. A node that was in the swarm before waits for its managers: Docker itself brings it
/// back when one of them answers, and its containers run on meanwhile.
pub(super) fn pending(seen: &Observation) -> Decision {
    match &seen.membership {
        Some(membership) => weigh(seen, membership, Action::Wait, Reason::EnginePending),
        None => match pace::remaining(pace::PENDING_LIMIT, seen.since) {
            Some(left) => step(Action::Wait(left), Reason::EnginePending),
            None => step(Action::Leave, Reason::JoinStuck),
        },
    }
}

/// What follows from what the managers say.
pub(super) fn weigh(
    seen: &Observation,
    membership: &Membership,
    rest: Rest,
    calm: Reason,
) -> Decision {
    let standing = match fresh(seen, pace::ROUND) {
        Ok(standing) => standing,
        Err(decision) => return decision,
    };
    match standing.verdict {
        Verdict::Member | Verdict::Unclear => step(rest(pace::ROUND), calm),
        Verdict::Removed => removed(seen, standing),
        Verdict::NoLeader => strayed(seen, membership, rest, Reason::SwarmHeadless),
        Verdict::Silent => strayed(seen, membership, rest, Reason::ManagersSilent),
    }
}

/// The managers' word, not older than `gap`; else the step that asks for it.
pub(super) fn fresh(seen: &Observation, gap: Duration) -> Result<&Standing, Decision> {
    let ask = || step(seen.ask_standing(), Reason::AskingManagers);
    let standing = seen.standing.as_ref().ok_or_else(ask)?;
    let gap = match standing.verdict {
        Verdict::Removed => gap.min(pace::REMOVED_GAP),
        _ => gap,
    };
    match pace::remaining(gap, standing.age) {
        Some(_) => Ok(standing),
        None => Err(ask()),
    }
}

/// Its tasks have been stopped and placed elsewhere: a removed node has nothing left to lose.
pub(super) fn removed(seen: &Observation, standing: &Standing) -> Decision {
    if standing.looks >= 2 && standing.lasted >= pace::REMOVED_GAP {
        return once_in_a_while(seen, Action::Leave, Reason::Removed);
    }
    let left = pace::remaining(pace::REMOVED_GAP, standing.age);
    step(
        Action::Wait(left.unwrap_or(pace::REMOVED_GAP)),
        Reason::RemovedPerhaps,
    )
}

/// No known manager can speak for the swarm: stay, unless others have been answering for a while.
fn strayed(seen: &Observation, membership: &Membership, rest: Rest, reason: Reason) -> Decision {
    match elsewhere(seen, membership) {
        Err(Search::Ask(ask)) => step(ask, reason),
        Err(Search::Wait(left)) => {
            bereft(seen, membership).unwrap_or_else(|| step(rest(left), reason))
        }
        Ok(found) => moved(seen, &found).unwrap_or_else(|| step(rest(pace::REMOVED_GAP), reason)),
    }
}

/// A node that is to be a manager and was not promoted yet can make a new swarm, but not from
/// inside of one that is gone for good. A worker stays until there is another.
fn bereft(seen: &Observation, membership: &Membership) -> Option<Decision> {
    let standing = seen.standing.as_ref()?;
    let read = seen.ticket.as_ref()?;
    let ticket = read.value()?.as_ref()?;
    let concerns = seen.role == Role::Manager && ticket.epoch >= membership.epoch;
    if !concerns || standing.lasted < pace::NO_LEADER_LIMIT {
        return None;
    }
    match lost_swarm::fate(seen, ticket, read.age) {
        Fate::ReadAgain => Some(step(Action::ReadTicket, Reason::TicketMayPredate)),
        // EC2 has said of each of its managers that it is gone for good: there is nothing to be wrong about
        // a second time, and nobody makes the next swarm before somebody leaves this one.
        Fate::Gone => Some(step(Action::Leave, Reason::SwarmLost)),
        Fate::Ask(ids) => Some(step(Action::AskFleet(ids), Reason::AskingAboutManagers)),
        Fate::Lives(_) => None,
    }
}

/// Leaves for managers that have been answering, while the own ones have not, for long enough,
/// and still do not.
pub(super) fn moved(seen: &Observation, found: &Elsewhere) -> Option<Decision> {
    let standing = seen.standing.as_ref()?;
    if !found.has_lasted() || standing.lasted < found.limit {
        return None;
    }
    let leave = match found.reason {
        // The later epoch is the proof: another swarm is formed only when EC2 has said of all managers
        // of the one before that they are gone for good, or when nobody could have joined that one. So
        // this happens once an epoch, and nothing is gained by waiting.
        Reason::NewerSwarm(_) => step(Action::Leave, found.reason.clone()),
        _ => once_in_a_while(seen, Action::Leave, found.reason.clone()),
    };
    let looked = standing.age <= pace::LAST_LOOK.min(found.age);
    let last_look = !looked && leave.action == Action::Leave;
    Some(if last_look {
        step(seen.ask_standing(), found.reason.clone())
    } else {
        leave
    })
}

/// Managers that a member does not know, but the ticket does.
pub(super) struct Elsewhere {
    /// For how long one of them has been able to take this node.
    lasted: Duration,
    /// How long ago it was asked.
    age: Duration,
    /// How long that has to be.
    limit: Duration,
    reason: Reason,
}

impl Elsewhere {
    /// One of them has been able to for long enough.
    pub(super) fn has_lasted(&self) -> bool {
        self.lasted >= self.limit
    }
}

/// Why there is no answer yet.
pub(super) enum Search {
    Ask(Action),
    Wait(Duration),
}

/// Whether the ticket names managers that would take this node: of its own swarm, or of one of a
/// later epoch. Parameter Store is read with growing gaps.
pub(super) fn elsewhere(seen: &Observation, membership: &Membership) -> Result<Elsewhere, Search> {
    elsewhere_within(seen, membership, Duration::ZERO)
}

/// The same, with answers that may be older by `slack`: where each look at the engine takes its time, they would
/// always be too old, and nothing would follow from them.
pub(super) fn elsewhere_within(
    seen: &Observation,
    membership: &Membership,
    slack: Duration,
) -> Result<Elsewhere, Search> {
    let read = seen
        .ticket
        .as_ref()
        .ok_or(Search::Ask(Action::ReadTicket))?;
    let until_read = pace::remaining(Gaps::STRAY.gap(read) + slack, read.age);
    let leads = read.value().and_then(Option::as_ref);
    let Some((ticket, limit, reason)) = leads.and_then(|t| leads_on(t, membership)) else {
        return Err(until_read.map_or(Search::Ask(Action::ReadTicket), Search::Wait));
    };
    let probes = seen.managers.as_ref().filter(|p| is_of(p, read));
    let until_probe = probes.and_then(|p| pace::remaining(Gaps::PROBE.gap(p) + slack, p.age));
    let questions = [
        (until_read, Action::ReadTicket),
        (until_probe, seen.probe()),
    ];
    let left = soonest(questions).map_err(Search::Ask)?;
    let answers = probes.and_then(Reading::value).map(Vec::as_slice);
    match addressing::choose(ticket, answers.unwrap_or_default(), 0) {
        Choice::Join(_) => Ok(Elsewhere {
            lasted: probes.map(|p| p.lasted).unwrap_or_default(),
            age: probes.map(|p| p.age).unwrap_or_default(),
            limit,
            reason,
        }),
        Choice::Nobody(_) => Err(Search::Wait(left)),
    }
}

/// Probes count for a ticket that was read before them.
fn is_of(probes: &Reading<Vec<Probed>>, read: &Reading<Option<Ticket>>) -> bool {
    probes.age <= read.age
}

fn leads_on<'a>(
    ticket: &'a Ticket,
    membership: &Membership,
) -> Option<(&'a Ticket, Duration, Reason)> {
    if ticket.epoch > membership.epoch && ticket.swarm_id != membership.swarm_id {
        return Some((ticket, pace::MOVE_LIMIT, Reason::NewerSwarm(ticket.epoch)));
    }
    let same = ticket.swarm_id == membership.swarm_id && ticket.epoch >= membership.epoch;
    same.then_some((ticket, pace::REPLACED_LIMIT, Reason::ManagersReplaced))
}
