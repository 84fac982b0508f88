//! A swarm none of whose managers answers: do they come back, or is it gone for good?

use std::time::Duration;

use super::epochs::{self, Bid};
use super::{pace, step};
use crate::{Action, Decision, Life, Observation, Reading, Reason, Ticket};

/// What EC2 tells about a swarm.
pub(super) enum Fate {
    /// All of its managers are gone for good.
    Gone,
    /// It has to be asked about these instances.
    Ask(Vec<String>),
    /// All of its managers were gone when EC2 was asked, but the ticket was read before.
    ReadAgain,
    /// Some live; what the node has to wait for, if that is known.
    Lives(Option<Reason>),
}

/// What to do about it; or else what the node has to wait for, if EC2 has told.
pub(super) fn judge(
    seen: &Observation,
    ticket: &Ticket,
    read: &Reading<Option<Ticket>>,
) -> Result<Decision, Option<Reason>> {
    match fate(seen, ticket, read.age) {
        Fate::Gone => Ok(epochs::bid(seen, read, &Bid::to_init(ticket.epoch.next()))),
        Fate::ReadAgain => Ok(step(Action::ReadTicket, Reason::TicketMayPredate)),
        Fate::Ask(ids) => Ok(step(Action::AskFleet(ids), Reason::AskingAboutManagers)),
        Fate::Lives(waits_for) => Err(waits_for),
    }
}

/// Silence proves nothing: a manager that reboots or is cut off comes back, a stopped one can be
/// started. Only when EC2 says of each, by its instance id, that it is gone for good, the next
/// epoch is open. `read` is how long ago the ticket was read.
pub(super) fn fate(seen: &Observation, ticket: &Ticket, read: Duration) -> Fate {
    if ticket.instances.is_empty() {
        return Fate::Lives(None);
    }
    let others = ticket.instances.iter().map(String::as_str);
    let others: Vec<&str> = others.filter(|id| *id != seen.instance_id).collect();
    let only_itself_waits = ticket.instances.len() > others.len() && !has_waited(seen);
    if others.iter().all(|id| seen.fleet.is_gone(id)) && !only_itself_waits {
        // The last of them may have published others before its end.
        return if seen.fleet.may_predate(read, others) {
            Fate::ReadAgain
        } else {
            Fate::Gone
        };
    }
    match seen.fleet.due(others.iter().copied()) {
        due if due.is_empty() => Fate::Lives(waits_for(seen, &others)),
        due => Fate::Ask(due),
    }
}

/// Whoever asks is no manager, by its own engine's word: should the ticket name it, it was about
/// to become one, or was taken out by hand. Those that it may have made managers before get the
/// time of an election.
fn has_waited(seen: &Observation) -> bool {
    let silent = seen.managers.as_ref().map(|probes| probes.lasted);
    silent.unwrap_or_default() >= pace::NO_LEADER_LIMIT
}

fn waits_for(seen: &Observation, others: &[&str]) -> Option<Reason> {
    let of = |life: Life| -> Vec<String> {
        let same = others.iter().filter(|id| seen.fleet.life(id) == Some(life));
        same.map(|id| (*id).to_owned()).collect()
    };
    let (alive, stopped) = (of(Life::Alive), of(Life::Stopped));
    if !alive.is_empty() {
        return Some(Reason::ManagersCutOff(alive));
    }
    (!stopped.is_empty()).then_some(Reason::ManagersStopped(stopped))
}
