//! Epochs: who may create a swarm.

use std::time::Duration;

use super::{Gaps, pace, soonest, step, wait_or};
use crate::{
    Action, Claim, Decision, Epoch, Observation, Outcome, Reading, Reason, Registers, Ticket,
    Trouble,
};

/// What a node wants an epoch for.
pub(super) struct Bid {
    /// The first epoch that is open to it.
    from: Epoch,
    /// What to do under its own claim.
    under_claim: fn(Epoch) -> Action,
    /// Why it may not claim, if something stands against it.
    hindrance: Option<Reason>,
}

impl Bid {
    /// To create a swarm.
    pub(super) fn to_init(from: Epoch) -> Self {
        Self {
            from,
            under_claim: Action::InitSwarm,
            hindrance: None,
        }
    }

    /// To force a new cluster out of this node's old one.
    pub(super) fn to_recover(from: Epoch, hindrance: Option<Reason>) -> Self {
        Self {
            from,
            under_claim: Action::Recover,
            hindrance,
        }
    }
}

/// One step towards an epoch of this node's own, or towards the swarm of whoever was first.
pub(super) fn bid(seen: &Observation, ticket: &Reading<Option<Ticket>>, bid: &Bid) -> Decision {
    let Some(reading) = &seen.registers else {
        return read(bid.from);
    };
    let registers = match &reading.value {
        Ok(registers) if registers.epoch < bid.from => return read(bid.from),
        Ok(registers) => registers,
        Err(trouble) => return unreadable(reading, bid.from, trouble),
    };
    let epoch = registers.epoch;
    match (&registers.outcome, &registers.claim) {
        (Some(Outcome::PassedOver { .. }), _) => read(epoch.next()),
        (Some(Outcome::Formed { .. }), claim) => formed(seen, ticket, epoch, claim.as_ref()),
        (None, None) => match &bid.hindrance {
            None => step(Action::CreateClaim(epoch), Reason::Unclaimed(epoch)),
            Some(why) => hindered(ticket, reading, epoch, why.clone()),
        },
        (None, Some(_)) if registers.claim_is_mine => {
            step((bid.under_claim)(epoch), Reason::ClaimIsMine(epoch))
        }
        (None, Some(claim)) => wait_for(seen, ticket, reading, epoch, claim),
    }
}

/// Somebody else may be allowed what this node is not: it goes on looking.
fn hindered(
    ticket: &Reading<Option<Ticket>>,
    registers: &Reading<Registers>,
    epoch: Epoch,
    why: Reason,
) -> Decision {
    let questions = [
        (Gaps::STRAY.remaining(ticket), Action::ReadTicket),
        (
            Gaps::STRAY.remaining(registers),
            Action::ReadRegisters(epoch),
        ),
    ];
    match soonest(questions) {
        Ok(left) => step(Action::Wait(left), why),
        Err(ask) => step(ask, why),
    }
}

/// Its ticket follows within a moment, unless the one who was to publish it is gone for good:
/// then nobody can have joined, and the next epoch is open.
fn formed(
    seen: &Observation,
    ticket: &Reading<Option<Ticket>>,
    epoch: Epoch,
    claim: Option<&Claim>,
) -> Decision {
    let holder = claim.map(|claim| claim.instance_id.as_str());
    if let Some(id) = holder.filter(|id| *id != seen.instance_id && seen.fleet.is_gone(id)) {
        // Which may have published before its end.
        if seen.fleet.may_predate(ticket.age, [id]) {
            return step(Action::ReadTicket, Reason::TicketMayPredate);
        }
        return read(epoch.next());
    }
    let reason = Reason::FormedWithoutTicket(epoch);
    // Not before a healthy holder would have published.
    let ask = holder.filter(|id| *id != seen.instance_id && ticket.lasted >= pace::FLEET_GAP);
    let questions = [
        (Gaps::TICKET.remaining(ticket), Action::ReadTicket),
        match ask {
            Some(id) => (
                seen.fleet.due_in([id]).filter(|left| !left.is_zero()),
                Action::AskFleet(vec![id.to_owned()]),
            ),
            None => (Some(pace::ROUND), Action::ReadTicket),
        },
    ];
    match soonest(questions) {
        Ok(left) => step(Action::Wait(left), reason),
        Err(ask) => step(ask, reason),
    }
}

/// Another node's claim: either its ticket appears, or EC2 says twice that its instance is
/// gone, or this node's patience ends. A wrong suspicion costs an epoch, never safety:
/// holder and challenger write the same register, and the first write decides.
fn wait_for(
    seen: &Observation,
    ticket: &Reading<Option<Ticket>>,
    registers: &Reading<Registers>,
    epoch: Epoch,
    claim: &Claim,
) -> Decision {
    if let Some(why) = lost(seen, claim) {
        return step(Action::PassOver(epoch), Reason::HolderLost(epoch, why));
    }
    let reason = Reason::ClaimedBy(epoch, claim.instance_id.clone());
    let questions = [
        (Gaps::REGISTERS.remaining(ticket), Action::ReadTicket),
        (
            Gaps::REGISTERS.remaining(registers),
            Action::ReadRegisters(epoch),
        ),
        (
            ask_in(seen, &claim.instance_id),
            Action::AskFleet(vec![claim.instance_id.clone()]),
        ),
    ];
    match soonest(questions) {
        Ok(left) => step(Action::Wait(left.min(seen.holder.patience)), reason),
        Err(ask) => step(ask, reason),
    }
}

fn lost(seen: &Observation, claim: &Claim) -> Option<String> {
    if seen.fleet.is_gone(&claim.instance_id) {
        return Some("EC2 says that its holder is gone".to_owned());
    }
    let limit = seen.holder.patience;
    (seen.holder.waited >= limit)
        .then(|| format!("its holder formed no swarm in {} s", limit.as_secs()))
}

/// A first answer is not asked for before a healthy holder would have finished.
fn ask_in(seen: &Observation, holder: &str) -> Option<Duration> {
    let early = pace::remaining(pace::FLEET_GAP, seen.holder.waited);
    early.or_else(|| seen.fleet.due_in([holder]).filter(|left| !left.is_zero()))
}

/// The registers of an epoch, or the step that gets them.
pub(super) fn registers_of(
    seen: &Observation,
    epoch: Epoch,
) -> Result<(&Reading<Registers>, &Registers), Decision> {
    let reading = seen.registers.as_ref().ok_or_else(|| read(epoch))?;
    match &reading.value {
        Err(trouble) => Err(unreadable(reading, epoch, trouble)),
        Ok(registers) if registers.epoch != epoch => Err(read(epoch)),
        Ok(registers) => Ok((reading, registers)),
    }
}

fn unreadable(reading: &Reading<Registers>, epoch: Epoch, trouble: &Trouble) -> Decision {
    let reason = Reason::RegistersUnreadable(trouble.to_string());
    wait_or(
        Gaps::REGISTERS,
        reading,
        Action::ReadRegisters(epoch),
        reason,
    )
}

fn read(epoch: Epoch) -> Decision {
    step(
        Action::ReadRegisters(epoch),
        Reason::RegistersUnknown(epoch),
    )
}
