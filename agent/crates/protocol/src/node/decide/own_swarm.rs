//! A swarm that this node made, or a new cluster that it forced: is it the cluster's?

use super::epochs;
use super::{Gaps, step, wait_or};
use crate::{
    Action, Decision, Epoch, Identity, Observation, Origin, Outcome, Reading, Reason, Registers,
};

/// This node's engine is a manager of a swarm that an agent made, and nothing on disk says
/// that it is the cluster's.
pub(super) fn settle(seen: &Observation, here: &Identity, origin: &Origin) -> Decision {
    match epochs::registers_of(seen, origin.epoch) {
        Err(decision) => decision,
        Ok((reading, registers)) => judge(seen, reading, registers, here, origin),
    }
}

/// This node has forced a new cluster under the claim of `epoch`: the swarm's label has to say
/// so before anybody else learns of it, also after a crash in between.
pub(super) fn resume(
    seen: &Observation,
    here: &Identity,
    origin: Option<&Origin>,
    epoch: Epoch,
) -> Decision {
    let (reading, registers) = match epochs::registers_of(seen, epoch) {
        Err(decision) => return decision,
        Ok(both) => both,
    };
    let made = Reason::SwarmMade(epoch);
    let marked = origin.is_some_and(|origin| origin.epoch >= epoch);
    match (&registers.outcome, registers.claim_is_mine) {
        // The claim was there before the cluster was forced: an absence is a late answer.
        _ if registers.claim.is_none() => {
            wait_or(Gaps::REGISTERS, reading, Action::ReadRegisters(epoch), made)
        }
        (Some(Outcome::Formed { swarm_id, .. }), true)
            if here.swarm_id.as_ref() == Some(swarm_id) =>
        {
            step(seen.remember(here, epoch), Reason::SwarmFormed(epoch))
        }
        (None, true) if marked => step(Action::DeclareFormed(epoch), made),
        (None, true) => step(Action::MarkEpoch(epoch), made),
        _ => step(Action::Leave, Reason::SwarmPassedOver(epoch)),
    }
}

fn judge(
    seen: &Observation,
    reading: &Reading<Registers>,
    registers: &Registers,
    here: &Identity,
    origin: &Origin,
) -> Decision {
    let epoch = registers.epoch;
    let claim = registers.claim.as_ref();
    let mine = registers.claim_is_mine && claim.is_some_and(|c| c.nonce == origin.nonce);
    match &registers.outcome {
        Some(Outcome::Formed { swarm_id, .. }) if here.swarm_id.as_ref() == Some(swarm_id) => {
            step(seen.remember(here, epoch), Reason::SwarmFormed(epoch))
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
