//! What Docker guarantees, and no more: who is counted, who leads, what managers tell others.

use crate::set::Set;
use crate::world::{Entry, Id, Outcome, Part, Place, Raft, World};

/// The side of a raft that has its majority.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Lead {
    pub(crate) leader: Id,
    pub(crate) side: Set,
}

impl Raft {
    pub(crate) fn entry(&self, node: Id, life: u8) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.node == node && entry.life == life)
    }

    pub(crate) fn entry_mut(&mut self, node: Id, life: u8) -> Option<&mut Entry> {
        let mut entries = self.entries.iter_mut();
        entries.find(|entry| entry.node == node && entry.life == life)
    }

    pub(crate) fn counted(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|e| e.part == Part::Manager)
    }

    /// All managers by the list.
    pub(crate) fn managers(&self) -> Set {
        let listed = self.entries.iter().filter(|e| e.part != Part::Worker);
        listed.map(|entry| entry.node).collect()
    }
}

impl World {
    pub(crate) fn place(&self, id: Id) -> Option<&Place> {
        // A stranger has none.
        self.nodes.get(usize::from(id))?.place.as_ref()
    }

    pub(crate) fn raft(&self, raft: u8) -> &Raft {
        &self.rafts[usize::from(raft)]
    }

    pub(crate) fn reach(&self, a: Id, b: Id) -> bool {
        a == b || (self.cut != Some(a) && self.cut != Some(b))
    }

    /// Counted managers whose store still exists.
    pub(crate) fn stores(&self, raft: u8) -> Set {
        let here = |e: &&Entry| {
            let place = self.place(e.node);
            place.is_some_and(|p| p.raft == Some(raft) && p.life == e.life)
        };
        let counted = self.raft(raft).counted();
        counted.filter(here).map(|e| e.node).collect()
    }

    /// Whether the majority exists, or comes back once links do.
    pub(crate) fn can_lead(&self, raft: u8) -> bool {
        self.stores(raft).len() * 2 > self.raft(raft).counted().count()
    }

    /// Whether the newest swarm has its majority, or gets it back once links are there.
    pub(crate) fn can_be_led(&self) -> bool {
        let newest = self.newest();
        matches!(newest, Some((_, Outcome::Formed { raft, .. })) if self.can_lead(raft))
    }

    /// The leader, if a majority of the counted managers is up and together.
    pub(crate) fn lead(&self, raft: u8) -> Option<Lead> {
        let stores = self.stores(raft);
        let counted = self.raft(raft).counted().count();
        let alone = self.cut.filter(|cut| stores.has(*cut));
        let together = alone.map_or(stores, |cut| stores.without(cut));
        let lonely = alone.into_iter().collect();
        let side = [together, lonely]
            .into_iter()
            .find(|s: &Set| s.len() * 2 > counted)?;
        // Leaders stay while they can. Which other one follows makes no difference to a rule: the oldest.
        let maker = self.raft(raft).maker;
        let mut others = self.raft(raft).counted().map(|entry| entry.node);
        let next = if side.has(maker) {
            Some(maker)
        } else {
            others.find(|other| side.has(*other))
        };
        let leader = next?;
        Some(Lead { leader, side })
    }

    /// A manager's leader, if it has one and is still counted.
    pub(crate) fn led(&self, id: Id) -> Option<(u8, Lead)> {
        let raft = self.place(id)?.raft?;
        let lead = self.lead(raft).filter(|lead| lead.side.has(id))?;
        Some((raft, lead))
    }

    /// The raft that counts a node as its own and reaches it.
    pub(crate) fn contact(&self, id: Id) -> Option<u8> {
        let place = *self.place(id)?;
        if place.raft.is_some() {
            return self.led(id).map(|(raft, _)| raft);
        }
        let ours = |raft: &u8| {
            let listed = self.raft(*raft).entry(id, place.life).is_some();
            let heard = |lead: Lead| lead.side.iter().any(|m| self.hears(id, place.known, m));
            listed && self.raft(*raft).swarm == place.swarm && self.lead(*raft).is_some_and(heard)
        };
        self.numbers().rev().find(ours)
    }

    fn hears(&self, id: Id, known: Set, manager: Id) -> bool {
        known.has(manager) && self.reach(id, manager)
    }

    pub(crate) fn numbers(&self) -> impl DoubleEndedIterator<Item = u8> + use<> {
        0..u8::try_from(self.rafts.len()).expect("few rafts")
    }

    /// A manager with a leader at this node's address, as a probe sees it.
    pub(crate) fn answers(&self, from: Id, manager: Id, swarm: u8) -> Option<u8> {
        let (raft, _) = self.led(manager)?;
        (self.raft(raft).swarm == swarm && self.reach(from, manager)).then_some(raft)
    }

    /// A manager of this swarm that knows no leader, as a probe sees it.
    pub(crate) fn answers_without_leader(&self, from: Id, manager: Id, swarm: u8) -> bool {
        let there = self.place(manager).filter(|place| place.raft.is_some());
        let same = there.is_some_and(|place| place.swarm == swarm);
        same && self.led(manager).is_none() && self.reach(from, manager)
    }
}
