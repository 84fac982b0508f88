//! What Docker guarantees, and no more: who leads, who is counted, what a join, a leave and a
//! forced new cluster do.

use crate::set::Set;
use crate::world::{
    Entry, Id, Label, Membership, Number, Outcome, Part, Place, Raft, Verdict, World,
};

/// A node comes into a swarm this often.
const LIVES: u8 = 3;
/// So many rafts there are.
const RAFTS: usize = 5;

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
        self.nodes[usize::from(id)].place.as_ref()
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
        // The oldest of them: who it is makes no difference to a rule.
        let mut entries = self.raft(raft).counted();
        let leader = entries.find(|e| side.has(e.node))?.node;
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

    /// What the managers that a node knows say of it.
    pub(crate) fn verdict(&self, id: Id, asked: Set) -> Verdict {
        let Some(place) = self.place(id) else {
            return Verdict::Silent;
        };
        let answers = asked.without(id).iter();
        let rafts = answers.filter_map(|manager| self.answers(id, manager, place.swarm));
        let words = rafts.map(|raft| self.raft(raft).entry(id, place.life).is_some());
        match words.max() {
            Some(true) => Verdict::Member,
            Some(false) => Verdict::Removed,
            None => Verdict::Silent,
        }
    }

    /// `swarm init`.
    pub(crate) fn init(&mut self, id: Id, epoch: Number) -> bool {
        let number = u8::try_from(self.rafts.len()).expect("few rafts");
        let Some(life) = self.be_born(id) else {
            return false;
        };
        self.rafts.push(Raft {
            swarm: number,
            label: Label { epoch, owner: id },
            entries: vec![Entry {
                node: id,
                life,
                part: Part::Manager,
            }],
        });
        self.nodes[usize::from(id)].place = Some(Place {
            swarm: number,
            life,
            raft: Some(number),
            known: Set::default(),
        });
        true
    }

    /// A join at a manager that has a leader. Everybody joins as a worker.
    pub(crate) fn join(&mut self, id: Id, manager: Id, swarm: u8) -> bool {
        let Some(raft) = self.answers(id, manager, swarm) else {
            return false;
        };
        let Some(life) = self.be_born(id) else {
            return false;
        };
        let entry = Entry {
            node: id,
            life,
            part: Part::Worker,
        };
        let raft = &mut self.rafts[usize::from(raft)];
        raft.entries.push(entry);
        let known = raft.managers();
        self.nodes[usize::from(id)].place = Some(Place {
            swarm,
            life,
            raft: None,
            known,
        });
        true
    }

    fn be_born(&mut self, id: Id) -> Option<u8> {
        let room = self.rafts.len() < RAFTS;
        let node = &mut self.nodes[usize::from(id)];
        if node.place.is_some() || node.lives >= LIVES || !room {
            return None;
        }
        node.lives += 1;
        Some(node.lives)
    }

    /// `swarm init --force-new-cluster`: this manager's copy of the list, raft counts it alone.
    pub(crate) fn force(&mut self, id: Id) -> bool {
        let Some(Place {
            raft: Some(old), ..
        }) = self.place(id).copied()
        else {
            return false;
        };
        if self.rafts.len() >= RAFTS {
            return false;
        }
        let mut raft = self.raft(old).clone();
        for entry in &mut raft.entries {
            if entry.node != id && entry.part == Part::Manager {
                entry.part = Part::Outvoted;
            }
        }
        self.rafts.push(raft);
        let newest = self.numbers().last();
        if let Some(place) = &mut self.nodes[usize::from(id)].place {
            place.raft = newest;
        }
        true
    }

    /// A manager of an older raft that a newer one lists comes in by itself.
    pub(crate) fn come_back(&mut self, id: Id) -> bool {
        let Some(Place {
            swarm,
            life,
            raft: Some(old),
            ..
        }) = self.place(id).copied()
        else {
            return false;
        };
        let newer = self.numbers().rev().find(|raft| {
            let listed = self.raft(*raft).entry(id, life);
            let lead = self.lead(*raft);
            *raft > old
                && self.raft(*raft).swarm == swarm
                && listed.is_some_and(|e| e.part == Part::Outvoted)
                && lead.is_some_and(|lead| self.reach(id, lead.leader))
        });
        let Some(newer) = newer else {
            return false;
        };
        if let Some(entry) = self.rafts[usize::from(newer)].entry_mut(id, life) {
            entry.part = Part::Manager;
        }
        if let Some(place) = &mut self.nodes[usize::from(id)].place {
            place.raft = Some(newer);
        }
        true
    }

    /// What engines do at once when they can: a demoted manager becomes a worker, and whoever is
    /// in contact knows the managers there are.
    pub(crate) fn settle(&mut self) {
        for id in 0..u8::try_from(self.nodes.len()).expect("few nodes") {
            self.settle_one(id);
        }
    }

    fn settle_one(&mut self, id: Id) {
        if let Some(Place {
            raft: Some(raft),
            life,
            ..
        }) = self.place(id).copied()
        {
            let demoted = self
                .raft(raft)
                .entry(id, life)
                .is_some_and(|e| e.part == Part::Worker);
            let lead = self.lead(raft);
            if demoted && lead.is_some_and(|lead| self.reach(id, lead.leader)) {
                self.nodes[usize::from(id)]
                    .place
                    .as_mut()
                    .expect("seen above")
                    .raft = None;
            }
        }
        let contact = self.contact(id);
        let managers = contact.map(|raft| self.raft(raft).managers());
        let lost = self.place(id).is_some_and(|place| place.raft.is_some()) && contact.is_none();
        let leads = self.place(id).is_some_and(|place| place.raft.is_some()) && contact.is_some();
        let node = &mut self.nodes[usize::from(id)];
        if leads {
            // A next loss starts with nothing said.
            node.mind.verdict = None;
            node.mind.silences = 0;
            node.mind.forget_probes();
        }
        if let (Some(place), Some(managers)) = (&mut node.place, managers) {
            place.known = managers.without(id);
        }
        if !lost {
            node.mind.ticket_in_loss = false;
            node.mind.verdict_in_loss = false;
        }
    }

    /// This node's own note of where it is.
    pub(crate) fn membership(&self, id: Id, swarm: u8, epoch: Number) -> Option<Membership> {
        let life = self.place(id)?.life;
        Some(Membership { swarm, life, epoch })
    }
}
