//! No swarm is published: who forms it, and is the one this node made the cluster's?

use super::{Gaps, pace, step, wait_or};
use crate::swarm::{
    Action, Claim, Decision, Epoch, Holder, Member, Observation, Origin, Outcome, Reading, Reason,
    Registers, Ticket,
};

/// A manager-tagged node outside, and no ticket.
pub(super) fn begin(seen: &Observation, ticket: &Reading<Option<Ticket>>) -> Decision {
    let Some(reading) = &seen.registers else {
        return read(Epoch::FIRST);
    };
    let registers = match &reading.value {
        Ok(registers) => registers,
        Err(trouble) => {
            let reason = Reason::RegistersUnreadable(trouble.to_string());
            return wait_or(
                Gaps::REGISTERS,
                reading,
                Action::ReadRegisters(Epoch::FIRST),
                reason,
            );
        }
    };
    let epoch = registers.epoch;
    match (&registers.outcome, &registers.claim) {
        (Some(Outcome::PassedOver { .. }), _) => read(epoch.next()),
        (Some(Outcome::Formed { .. }), _) => {
            let reason = Reason::FormedWithoutTicket(epoch);
            wait_or(Gaps::TICKET, ticket, Action::ReadTicket, reason)
        }
        (None, None) => step(Action::CreateClaim(epoch), Reason::Unclaimed(epoch)),
        (None, Some(_)) if registers.claim_is_mine => {
            step(Action::InitSwarm(epoch), Reason::ClaimIsMine(epoch))
        }
        (None, Some(claim)) => wait_for(seen, ticket, reading, epoch, claim),
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
    let holder = &seen.holder;
    if let Some(why) = lost(holder) {
        return step(Action::PassOver(epoch), Reason::HolderLost(epoch, why));
    }
    let reason = Reason::ClaimedBy(epoch, claim.instance_id.clone());
    let waits = [
        (Gaps::REGISTERS.remaining(ticket), Action::ReadTicket),
        (
            Gaps::REGISTERS.remaining(registers),
            Action::ReadRegisters(epoch),
        ),
        (
            ask_in(holder),
            Action::AskAboutHolder(claim.instance_id.clone()),
        ),
    ];
    let mut soonest = holder.patience;
    for (left, action) in waits {
        match left {
            None => return step(action, reason),
            Some(left) => soonest = soonest.min(left),
        }
    }
    step(Action::Wait(soonest), reason)
}

fn lost(holder: &Holder) -> Option<String> {
    if holder.gone >= 2 {
        return Some("EC2 says that its holder is gone".to_owned());
    }
    let limit = holder.patience;
    (holder.waited >= limit).then(|| format!("its holder formed no swarm in {} s", limit.as_secs()))
}

/// A first answer is not asked for before a healthy holder would have finished.
fn ask_in(holder: &Holder) -> Option<std::time::Duration> {
    pace::remaining(pace::HOLDER_GAP, holder.asked.unwrap_or(holder.waited))
}

/// This node's engine is a manager of a swarm that an agent made, and nothing on disk says
/// that it is the cluster's.
pub(super) fn settle(seen: &Observation, member: &Member, origin: &Origin) -> Decision {
    let epoch = origin.epoch;
    let Some(reading) = &seen.registers else {
        return read(epoch);
    };
    match &reading.value {
        Err(trouble) => {
            let reason = Reason::RegistersUnreadable(trouble.to_string());
            wait_or(
                Gaps::REGISTERS,
                reading,
                Action::ReadRegisters(epoch),
                reason,
            )
        }
        Ok(registers) if registers.epoch != epoch => read(epoch),
        Ok(registers) => judge(reading, registers, member, origin),
    }
}

fn judge(
    reading: &Reading<Registers>,
    registers: &Registers,
    member: &Member,
    origin: &Origin,
) -> Decision {
    let epoch = registers.epoch;
    let claim = registers.claim.as_ref();
    let mine = registers.claim_is_mine && claim.is_some_and(|c| c.nonce == origin.nonce);
    match &registers.outcome {
        Some(Outcome::Formed { swarm_id, .. }) if member.swarm_id.as_ref() == Some(swarm_id) => {
            step(Action::Remember(epoch), Reason::SwarmFormed(epoch))
        }
        Some(_) if mine => step(Action::Leave, Reason::SwarmPassedOver(epoch)),
        None if mine => step(Action::DeclareFormed(epoch), Reason::SwarmMade(epoch)),
        // Not this node's to settle: somebody else made this swarm.
        Some(_) | None => wait_or(
            Gaps::REGISTERS,
            reading,
            Action::ReadRegisters(epoch),
            Reason::Unproven,
        ),
    }
}

fn read(epoch: Epoch) -> Decision {
    step(
        Action::ReadRegisters(epoch),
        Reason::RegistersUnknown(epoch),
    )
}
