//! What an engine does, when it is told to and by itself.

use protocol::Availability;

use crate::set::Set;
use crate::world::{Entry, Id, Label, Number, Part, Place, Raft, World};

/// A node comes into a swarm this often.
const LIVES: u8 = 3;
/// So many rafts there are.
const RAFTS: usize = 5;

impl World {
    /// `swarm init`.
    pub(crate) fn init(&mut self, id: Id, epoch: Number) -> bool {
        let number = u8::try_from(self.rafts.len()).expect("few rafts");
        let Some(life) = self.be_born(id) else {
            return false;
        };
        self.rafts.push(Raft {
            swarm: number,
            maker: id,
            label: Label { epoch, owner: id },
            entries: vec![Entry::new(id, life, Part::Manager)],
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
        let mut entry = Entry::new(id, life, Part::Worker);
        if self.admits {
            entry.admitted = false;
            entry.availability = Availability::Drain;
        }
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
        raft.maker = id;
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
        let node = &mut self.nodes[usize::from(id)];
        if let (Some(place), Some(managers)) = (&mut node.place, managers) {
            place.known = managers.without(id);
        }
    }
}
