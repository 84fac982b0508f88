//! A manager that reaches no leader: an election, a removal, a partition, or a lost majority.

use super::epochs::{self, Bid};
use super::lost_contact::{self, Search};
use super::{pace, step};
use crate::{
    Action, Decision, Identity, Life, Membership, Observation, Reading, Reason, Recovery, Ticket,
    Verdict,
};

/// The engine shows the same for all four. Managers that answer tell a removal; the ticket tells
/// whether others went on; only EC2 tells whether the majority is gone for good.
pub(super) fn decide(seen: &Observation, here: &Identity, membership: &Membership) -> Decision {
    let standing = match lost_contact::fresh(seen, pace::NO_LEADER_GAP) {
        Ok(standing) => standing,
        Err(decision) => return decision,
    };
    let leaderless = match standing.verdict {
        Verdict::Removed => return lost_contact::removed(seen, standing),
        Verdict::Member | Verdict::Unclear => false,
        Verdict::NoLeader | Verdict::Silent => true,
    };
    let long = seen.since >= pace::NO_LEADER_LIMIT
        && standing.lasted >= pace::NO_LEADER_LIMIT
        && standing.looks >= pace::NO_LEADER_LOOKS;
    if !(leaderless && long) {
        return step(Action::Wait(pace::NO_LEADER_GAP), Reason::NoLeader);
    }
    match lost_contact::elsewhere(seen, membership) {
        Ok(found) => lost_contact::moved(seen, &found)
            .unwrap_or_else(|| step(Action::Wait(pace::NO_LEADER_GAP), Reason::NoLeader)),
        Err(Search::Ask(ask)) => step(ask, Reason::NoLeader),
        Err(Search::Wait(_)) => majority(seen, here, membership),
    }
}

/// Nobody leads, here or by the ticket.
fn majority(seen: &Observation, here: &Identity, membership: &Membership) -> Decision {
    let Some(read) = &seen.ticket else {
        return step(Action::ReadTicket, Reason::NoLeader);
    };
    let ticket = match &read.value {
        Ok(Some(ticket)) => ticket,
        // The ticket may name managers that this one has never heard of: nothing without it.
        Ok(None) => return wait(Reason::NoTicket),
        Err(trouble) => return wait(Reason::TicketUnreadable(trouble.to_string())),
    };
    if ticket.swarm_id != membership.swarm_id {
        return wait(Reason::NoLeader);
    }
    judge(seen, here, membership, ticket, read)
}

fn judge(
    seen: &Observation,
    here: &Identity,
    membership: &Membership,
    ticket: &Ticket,
    read: &Reading<Option<Ticket>>,
) -> Decision {
    let Some(peers) = peers(seen, here, ticket) else {
        return wait(Reason::PeersUnknown);
    };
    let raft = raft(seen, &peers, ticket);
    let due = seen.fleet.due(raft.iter().map(String::as_str));
    if !due.is_empty() {
        return step(Action::AskFleet(due), Reason::AskingAboutManagers);
    }
    let is_left = |id: &&String| !seen.fleet.is_gone(id);
    let left: Vec<String> = raft.iter().filter(is_left).cloned().collect();
    let (gone, survivors) = (gone(seen, &peers, ticket), left.len() + 1);
    // Recovered elsewhere, with as few managers as one, it is lost only with the last of them.
    let recovered = ticket.epoch > membership.epoch && !left.is_empty();
    if recovered || !is_lost(survivors, gone, all_answer(seen, &left)) {
        return wait(quorum_may_return(seen, left));
    }
    // One that is gone may have promoted and published others before its end.
    if seen
        .fleet
        .may_predate(read.age, raft.iter().map(String::as_str))
    {
        return step(Action::ReadTicket, Reason::TicketMayPredate);
    }
    let epoch = membership.epoch.max(ticket.epoch).next();
    let bid = Bid::to_recover(epoch, hindrance(seen, here, gone, gone + survivors));
    guarded(seen, epochs::bid(seen, read, &bid))
}

/// Where managers lock, Docker loses the swarm when a new cluster is forced: consent or not.
fn hindrance(seen: &Observation, here: &Identity, gone: usize, members: usize) -> Option<Reason> {
    if here.locks {
        return Some(Reason::CannotForce { gone, members });
    }
    let asks = seen.recovery == Recovery::Ask { consent: false };
    asks.then_some(Reason::AwaitsConsent { gone, members })
}

/// Recovery is one of the acts that cannot be undone.
fn guarded(seen: &Observation, decision: Decision) -> Decision {
    match decision.action {
        Action::Recover(_) => super::once_in_a_while(seen, decision.action, decision.reason),
        _ => decision,
    }
}

/// Whether so many survivors can have a majority no more. Raft may count one less of those that are
/// gone than the ticket names, because a demotion is published when it is done. Half of them need
/// no such care if all of them are heard: were they a majority, one of them would lead.
fn is_lost(survivors: usize, gone: usize, all_answer: bool) -> bool {
    survivors < gone || (survivors == gone && all_answer)
}

/// Whether all of the others that live answer, and know no leader.
fn all_answer(seen: &Observation, left: &[String]) -> bool {
    let heard = seen.standing.as_ref().map_or(0, |s| s.leaderless);
    heard >= left.len()
}

/// How many of raft's managers are gone, at least. The ticket counts if it knows of this one. What
/// this node remembers is older: of a manager and the one that has replaced it raft counts but one.
fn gone(seen: &Observation, peers: &[String], ticket: &Ticket) -> usize {
    let count = |ids: &[String]| ids.iter().filter(|id| seen.fleet.is_gone(id)).count();
    let told = count(&ticket.instances);
    if ticket.instances.contains(&seen.instance_id) {
        return told;
    }
    let known = count(peers);
    if ticket.instances.is_empty() {
        known
    } else {
        known.min(told)
    }
}

/// The instances of the other managers, as this node saw them last. None if one of them is not
/// known by its instance; or if it saw none, and the ticket does not know of its promotion either.
fn peers(seen: &Observation, here: &Identity, ticket: &Ticket) -> Option<Vec<String>> {
    let others = seen
        .peers
        .iter()
        .filter(|peer| Some(&peer.node_id) != here.node_id.as_ref());
    let known: Option<Vec<String>> = others.map(|peer| peer.instance_id.clone()).collect();
    let is_told = !seen.peers.is_empty() || ticket.instances.contains(&seen.instance_id);
    known.filter(|_| is_told)
}

/// All that raft may count but this node: those that it saw last and those that the ticket names.
fn raft(seen: &Observation, peers: &[String], ticket: &Ticket) -> Vec<String> {
    let mut raft: Vec<String> = peers.iter().chain(&ticket.instances).cloned().collect();
    raft.retain(|id| *id != seen.instance_id);
    raft.sort();
    raft.dedup();
    raft
}

fn quorum_may_return(seen: &Observation, left: Vec<String>) -> Reason {
    let stopped = |id: &String| seen.fleet.life(id) == Some(Life::Stopped);
    if !left.is_empty() && left.iter().all(stopped) {
        return Reason::ManagersStopped(left);
    }
    Reason::ManagersCutOff(left)
}

fn wait(reason: Reason) -> Decision {
    step(Action::Wait(pace::NO_LEADER_GAP), reason)
}
