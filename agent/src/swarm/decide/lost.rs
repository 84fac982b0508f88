//! A swarm none of whose managers answers: do they come back, or is it gone for good?

use super::form::{self, Bid};
use super::{pace, step};
use crate::swarm::{Action, Decision, Life, Observation, Reading, Reason, Ticket};

/// What EC2 says of a swarm's managers.
pub(super) enum Fate {
    /// All are gone for good.
    Gone,
    /// It has to be asked about these.
    Ask(Vec<String>),
    /// Some may come back; what the node has to wait for, if that is known.
    WaitsFor(Option<Reason>),
}

/// Silence proves nothing: a manager that reboots or is cut off comes back, a stopped one can be
/// started. EC2 has to say of each, by its instance id, that it is gone for good. This node itself
/// may be one of them: in no swarm, it has lost its copy.
pub(super) fn verdict(seen: &Observation, ticket: &Ticket) -> Fate {
    let ids = || ticket.instances.iter().map(String::as_str);
    if ticket.instances.is_empty() {
        return Fate::WaitsFor(None);
    }
    if ids().all(|id| is_lost(seen, id)) {
        return Fate::Gone;
    }
    match seen.fleet.due(ids().filter(|id| *id != seen.instance_id)) {
        due if due.is_empty() => Fate::WaitsFor(waits_for(seen, ticket)),
        due => Fate::Ask(due),
    }
}

/// What a manager outside does about it, or else what it has to wait for: when the swarm is gone
/// for good, the next epoch is open.
pub(super) fn judge(
    seen: &Observation,
    ticket: &Ticket,
    read: &Reading<Option<Ticket>>,
) -> Result<Decision, Option<Reason>> {
    match verdict(seen, ticket) {
        Fate::Gone => Ok(form::bid(seen, read, &Bid::to_init(ticket.epoch.next()))),
        Fate::Ask(ids) => Ok(step(Action::AskFleet(ids), Reason::AskingAboutManagers)),
        Fate::WaitsFor(reason) => Err(reason),
    }
}

/// A manager that somebody took out of its swarm knows better than EC2 that it will not answer. It
/// gives those that it may have made managers since then time for an election and a new ticket.
fn is_lost(seen: &Observation, id: &str) -> bool {
    if id != seen.instance_id {
        return seen.fleet.is_gone(id);
    }
    let silent = seen.managers.as_ref().map(|probes| probes.lasted);
    silent.unwrap_or_default() >= pace::NO_LEADER_LIMIT
}

fn waits_for(seen: &Observation, ticket: &Ticket) -> Option<Reason> {
    let of = |life: Life| -> Vec<String> {
        let ids = ticket.instances.iter();
        let same = ids.filter(|id| seen.fleet.life(id) == Some(life));
        same.cloned().collect()
    };
    let (alive, stopped) = (of(Life::Alive), of(Life::Stopped));
    if !alive.is_empty() {
        return Some(Reason::ManagersCutOff(alive));
    }
    (!stopped.is_empty()).then_some(Reason::ManagersStopped(stopped))
}
