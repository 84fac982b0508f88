//! The write-once registers, as in `run/registers.rs`: create, then read back and compare.

use crate::effects::Fate;
use crate::variant::Variant;
use crate::world::{Epoch, Id, Number, Outcome, Registers, World};

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
        self.learn_registers(id, number, read);
    }

    fn learn_registers(&mut self, id: Id, number: Number, epoch: Epoch) {
        let mine = epoch.claim == Some(id);
        self.mind(id).registers = Some(Registers {
            number,
            epoch,
            mine,
        });
    }

    pub(crate) fn epoch(&mut self, number: Number) -> Option<&mut Epoch> {
        self.epochs.get_mut(usize::from(number) - 1)
    }

    pub(crate) fn create_claim(&mut self, id: Id, number: Number, fate: Fate, variant: Variant) {
        let Some(epoch) = self.epoch(number) else {
            return;
        };
        if epoch.claim.is_none() || variant == Variant::TrustsAbsence {
            epoch.claim = Some(id);
        }
        let epoch = *epoch;
        if fate != Fate::Lost {
            self.learn_registers(id, number, epoch);
        }
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
            self.mind(id).registers = None;
            return;
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
        if fate != Fate::Lost {
            self.learn_registers(id, number, epoch);
        }
        written
    }
}
