//! A manager that reaches no leader: an election, a removal, a partition, or a lost majority.

use super::astray::{self, Search};
use super::form::{self, Bid};
use super::{pace, step};
use crate::swarm::{
    Action, Decision, Identity, Life, Membership, Observation, Reading, Reason, Recovery, Ticket,
    Verdict,
};

/// The engine shows the same for all four. Managers that answer tell a removal; the ticket tells
/// whether others went on; only EC2 tells whether the majority is gone for good.
pub(super) fn decide(seen: &Observation, here: &Identity, membership: &Membership) -> Decision {
    let standing = match astray::fresh(seen, pace::NO_LEADER_GAP) {
        Ok(standing) => standing,
        Err(decision) => return decision,
    };
    let leaderless = match standing.verdict {
        Verdict::Removed => return astray::removed(seen, standing),
        Verdict::Member | Verdict::Unclear => false,
        Verdict::NoLeader | Verdict::Silent => true,
    };
    let long = seen.since >= pace::NO_LEADER_LIMIT
        && standing.lasted >= pace::NO_LEADER_LIMIT
        && standing.looks >= pace::NO_LEADER_LOOKS;
    if !(leaderless && long) {
        return step(Action::Wait(pace::NO_LEADER_GAP), Reason::NoLeader);
    }
    match astray::elsewhere(seen, membership) {
        Ok(found) => astray::moved(seen, &found)
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
    let Some(raft) = raft(seen, here, ticket) else {
        return wait(Reason::PeersUnknown);
    };
    let due = seen.fleet.due(raft.iter().map(String::as_str));
    if !due.is_empty() {
        return step(Action::AskFleet(due), Reason::AskingAboutManagers);
    }
    let left: Vec<String> = raft
        .iter()
        .filter(|id| !seen.fleet.is_gone(id))
        .cloned()
        .collect();
    // The swarm has been recovered elsewhere, with as few managers as one: it is lost when all
    // of them are.
    if ticket.epoch > membership.epoch && !left.is_empty() {
        return wait(quorum_may_return(seen, left));
    }
    // This node itself is one more on either side.
    let (members, survivors) = (raft.len() + 1, left.len() + 1);
    if survivors > members / 2 {
        return wait(quorum_may_return(seen, left));
    }
    let epoch = membership.epoch.max(ticket.epoch).next();
    let hindrance =
        (seen.recovery == Recovery::Ask { consent: false }).then_some(Reason::AwaitsConsent {
            gone: members - survivors,
            members,
        });
    guarded(
        seen,
        form::bid(seen, read, &Bid::to_recover(epoch, hindrance)),
    )
}

/// Recovery is one of the acts that cannot be undone.
fn guarded(seen: &Observation, decision: Decision) -> Decision {
    match decision.action {
        Action::Recover(_) => super::once_in_a_while(seen, decision.action, decision.reason),
        _ => decision,
    }
}

/// The instances of all managers that raft counts but this one: those that this node saw last and
/// those that the ticket names. None if one of them is not known by its instance.
fn raft(seen: &Observation, here: &Identity, ticket: &Ticket) -> Option<Vec<String>> {
    let others = seen
        .peers
        .iter()
        .filter(|peer| Some(&peer.node_id) != here.node_id.as_ref());
    let known: Option<Vec<String>> = others.map(|peer| peer.instance_id.clone()).collect();
    let mut raft = known.filter(|_| !seen.peers.is_empty())?;
    raft.extend(ticket.instances.iter().cloned());
    raft.retain(|id| *id != seen.instance_id);
    raft.sort();
    raft.dedup();
    Some(raft)
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
