//! The write-once registers, as in `run/executor/registers.rs`: create, then read back and compare.

use crate::effects::Fate;
use crate::heard::Heard;
use crate::variant::Variant;
use crate::world::{Epoch, Id, Number, Outcome, World};

impl World {
    pub(crate) fn read_registers(&mut self, id: Id, number: Number, fate: Fate) {
        let Some(epoch) = self.epochs.get(usize::from(number) - 1).copied() else {
            return;
        };
        let read = match (fate, epoch.outcome) {
            (Fate::Stale, Some(_)) => Epoch {
                outcome: None,
                ..epoch
            },
            (Fate::Stale, None) => Epoch::default(),
            (Fate::Skewed, Some(_)) => Epoch {
                claim: None,
                ..epoch
            },
            _ => epoch,
        };
        self.hear(id, Heard::Registers(number, read));
    }

    pub(crate) fn epoch(&mut self, number: Number) -> Option<&mut Epoch> {
        self.epochs.get_mut(usize::from(number) - 1)
    }

    pub(crate) fn create_claim(&mut self, id: Id, number: Number, fate: Fate, variant: Variant) {
        if self.epoch(number).is_none() {
            return;
        }
        // Drawn, and on disk before it is used.
        self.hear(id, Heard::Nonce(number));
        let epoch = &mut self.epochs[usize::from(number) - 1];
        if epoch.claim.is_none() || variant == Variant::TrustsAbsence {
            epoch.claim = Some(id);
        }
        let epoch = *epoch;
        self.hear_created(id, number, epoch, fate);
    }

    /// Without an answer it may be done: what stands is not known then, and is read.
    fn hear_created(&mut self, id: Id, number: Number, epoch: Epoch, fate: Fate) {
        let heard = match fate {
            Fate::Lost => Heard::NoRegisters,
            _ => Heard::Registers(number, epoch),
        };
        self.hear(id, heard);
    }

    pub(crate) fn declare_formed(&mut self, id: Id, number: Number, fate: Fate, variant: Variant) {
        let Some((raft, _)) = self.led(id) else {
            return;
        };
        let swarm = self.raft(raft).swarm;
        let formed = Outcome::Formed { swarm, raft };
        if self.create_outcome(id, number, formed, fate, variant) {
            self.history.declare(number, raft);
        }
    }

    pub(crate) fn pass_over(&mut self, id: Id, number: Number, fate: Fate, variant: Variant) {
        let deleted = match variant {
            Variant::DeletesClaim => self.epoch(number).map(|epoch| epoch.claim = None),
            Variant::DeletesEpoch => self.epoch(number).map(|epoch| *epoch = Epoch::default()),
            _ => None,
        };
        if deleted.is_some() {
            return self.read_registers(id, number, Fate::Good);
        }
        self.create_outcome(id, number, Outcome::PassedOver, fate, variant);
    }

    /// Whether it was written.
    fn create_outcome(
        &mut self,
        id: Id,
        number: Number,
        outcome: Outcome,
        fate: Fate,
        variant: Variant,
    ) -> bool {
        let overwrites = matches!(variant, Variant::OverwritesOutcome | Variant::TrustsAbsence);
        let Some(epoch) = self.epoch(number) else {
            return false;
        };
        let written = epoch.outcome.is_none() || overwrites;
        if written {
            epoch.outcome = Some(outcome);
        }
        let epoch = *epoch;
        self.hear_created(id, number, epoch, fate);
        written
    }
}
