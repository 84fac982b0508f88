//! A swarm none of whose managers answers: do they come back, or is it gone for good?

use super::form::{self, Bid};
use super::step;
use crate::swarm::{Action, Decision, Life, Observation, Reading, Reason, Ticket};

/// What to do about it; or else what the node has to wait for, if EC2 has told.
///
/// Silence proves nothing: a manager that reboots or is cut off comes back, a stopped one can be
/// started. Only when EC2 says of each, by its instance id, that it is gone for good, the next
/// epoch is open.
pub(super) fn judge(
    seen: &Observation,
    ticket: &Ticket,
    read: &Reading<Option<Ticket>>,
) -> Result<Decision, Option<Reason>> {
    // This node itself is in no swarm: whatever it had of this one is gone.
    let others = ticket
        .instances
        .iter()
        .filter(|id| **id != seen.instance_id);
    let ids = || others.clone().map(String::as_str);
    if ticket.instances.is_empty() {
        return Err(None);
    }
    if ids().all(|id| seen.fleet.is_gone(id)) {
        // The last of them may have published others before its end.
        if seen.fleet.may_predate(read.age, ids()) {
            return Ok(step(Action::ReadTicket, Reason::TicketMayPredate));
        }
        let bid = Bid::to_init(ticket.epoch.next());
        return Ok(form::bid(seen, read, &bid));
    }
    let due = seen.fleet.due(ids());
    if !due.is_empty() {
        return Ok(step(Action::AskFleet(due), Reason::AskingAboutManagers));
    }
    Err(waits_for(seen, ticket))
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
