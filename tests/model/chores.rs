//! What the leader's agent does for all, in the order of `run/chores`: peers, ticket, node list.
//! What to promote and what to reap is decided by the production code.

use std::collections::BTreeMap;

use protocol::leader::promotion::{self, Promotion};
use protocol::leader::reaping::{self, Reaping};
use protocol::{Fleet, Instance, Life, Role, Whereabouts, pace};

use crate::departures::Notice;
use crate::effects::Fate;
use crate::heard::{self, Heard};
use crate::names::{address, instance, instance_of};
use crate::set::Set;
use crate::variant::Variant;
use crate::world::{Doing, Entry, Id, Part, Ticket, World};

/// What the node list asks for.
enum Chore {
    Drain,
    Demote(usize),
    Remove(usize),
    Promote(usize),
    Ask(Set),
}

impl World {
    /// A follower remembers who the managers are.
    pub(crate) fn look_around(&mut self, id: Id) {
        let Some((raft, _)) = self.led(id) else {
            return;
        };
        let mut lives = [0; 8];
        let listed = self.raft(raft).entries.iter();
        for entry in listed.filter(|entry| entry.part != Part::Worker) {
            lives[usize::from(entry.node)] = entry.life;
        }
        self.hear(id, Heard::Peers(lives));
    }

    /// The ticket is compared with what is stored as far as this leader knows, or as read now.
    pub(crate) fn begin_chores(&mut self, id: Id, fate: Fate) {
        let Some((raft, lead)) = self.led(id).filter(|(_, lead)| lead.leader == id) else {
            return;
        };
        self.look_around(id);
        let ticket = self.current(raft, lead.side);
        if fate != Fate::Lost || self.mind(id).node().ticket_read().is_none() {
            self.read_ticket(id, fate);
        }
        let current = heard::ticket(ticket);
        match self.mind(id).node().ticket() {
            Some(stored) if stored.epoch > current.epoch => {}
            Some(stored) if stored.says_the_same(&current) => {
                let tends = self.has_to_tend(id);
                self.node(id).doing = tends.then_some(Doing::Tend);
            }
            _ => self.node(id).doing = Some(Doing::Put(ticket)),
        }
    }

    pub(crate) fn current(&self, raft: u8, managers: Set) -> Ticket {
        let known = self.raft(raft);
        let instances = known.managers();
        Ticket {
            epoch: known.label.epoch,
            swarm: known.swarm,
            raft,
            managers,
            instances,
        }
    }

    pub(crate) fn has_to_tend(&self, id: Id) -> bool {
        match self.chore(id) {
            Some(Chore::Ask(ids)) => ids.iter().any(|id| self.nodes[usize::from(id)].dead),
            chore => chore.is_some(),
        }
    }

    pub(crate) fn tend(&mut self, id: Id, variant: Variant) {
        let Some((raft, _)) = self.led(id) else {
            return;
        };
        let chore = self.chore(id);
        let entries = &mut self.rafts[usize::from(raft)].entries;
        match chore {
            None => {}
            Some(Chore::Drain) if variant == Variant::ForgetsDrain => {}
            Some(Chore::Drain) => drop(self.drain(id, raft, variant)),
            Some(Chore::Ask(ids)) => self.ask_fleet(id, ids, variant),
            Some(Chore::Demote(index)) => entries[index].part = Part::Worker,
            Some(Chore::Remove(index)) => drop(entries.remove(index)),
            Some(Chore::Promote(index)) => self.promote(id, raft, index, variant),
        }
    }

    /// The ticket names the node before raft counts it.
    fn promote(&mut self, id: Id, raft: u8, index: usize, variant: Variant) {
        let node = self.raft(raft).entries[index].node;
        let mind = self.mind(id).node();
        let stored = mind.ticket();
        let announced = stored.is_some_and(|t| t.instances.contains(&instance(node)));
        if !announced && variant != Variant::PromotesFirst {
            let side = self.led(id).map(|(_, lead)| lead.side).unwrap_or_default();
            let mut ticket = self.current(raft, side);
            ticket.instances = ticket.instances.with(node);
            self.node(id).doing = Some(Doing::Put(ticket));
            return;
        }
        self.rafts[usize::from(raft)].entries[index].part = Part::Manager;
        if let Some(place) = &mut self.node(node).place {
            place.raft = Some(raft);
        }
    }

    fn chore(&self, id: Id) -> Option<Chore> {
        let (raft, _) = self.led(id)?;
        let entries = &self.raft(raft).entries;
        let index = |name: &str| name.parse().expect("an index");
        match reaping::next(&self.list(id, raft), &self.fleet(id), 1) {
            Reaping::Demote(name) => return Some(Chore::Demote(index(&name))),
            // One at a time here: what comes between two removals is part of the model.
            Reaping::Remove(list) => return Some(Chore::Remove(index(&list.first()?.id))),
            Reaping::Ask(ids) => {
                return Some(Chore::Ask(ids.iter().map(|id| instance_of(id)).collect()));
            }
            Reaping::Nothing | Reaping::Watch => {}
        }
        if self.clone().drain(id, raft, Variant::Production) {
            return Some(Chore::Drain);
        }
        let nodes = entries
            .iter()
            .enumerate()
            .map(|(n, e)| self.candidate(id, raft, n, *e));
        match promotion::next(&nodes.collect::<Vec<_>>(), &self.instances()) {
            Promotion::Promote(name) => Some(Chore::Promote(index(&name))),
            Promotion::Demote(name) => Some(Chore::Demote(index(&name))),
            Promotion::Settled | Promotion::Hold => None,
        }
    }

    /// Docker's `ready`: the node of this very entry is up and in contact.
    pub(crate) fn is_ready(&self, leader: Id, raft: u8, entry: Entry) -> bool {
        let place = self.place(entry.node);
        place.is_some_and(|place| {
            let life = place.life == entry.life && place.swarm == self.raft(raft).swarm;
            life && self.contact(entry.node) == Some(raft) && self.reach(leader, entry.node)
        })
    }

    /// Who is down has been for long.
    fn list(&self, leader: Id, raft: u8) -> Vec<reaping::Entry> {
        let entries = self.raft(raft).entries.iter().enumerate();
        let listed = entries.map(|(index, entry)| {
            let ready = self.is_ready(leader, raft, *entry);
            reaping::Entry {
                id: index.to_string(),
                in_raft: entry.part == Part::Manager,
                ready,
                departing: entry.departs().is_some_and(|why| why.deadline() != 0),
                down: (!ready).then_some((reaping::LASTED, reaping::LOOKS)),
                instance_id: Some(instance(entry.node)),
            }
        });
        listed.collect()
    }

    fn fleet(&self, leader: Id) -> Fleet {
        let gone = self.mind(leader).gone;
        let word = |id| {
            let terminated = Whereabouts {
                life: Life::Terminated,
                age: pace::FLEET_GAP / 2,
                looks: 2,
                lasted: pace::FLEET_GAP,
            };
            (instance(id), terminated)
        };
        Fleet(gone.iter().map(word).collect())
    }

    fn candidate(&self, leader: Id, raft: u8, index: usize, entry: Entry) -> promotion::Node {
        promotion::Node {
            id: index.to_string(),
            role: role(entry.part),
            healthy: self.is_ready(leader, raft, entry),
            leader: entry.node == leader,
            departing: entry.departs().map(Notice::deadline),
            instance_id: Some(instance(entry.node)),
            address: Some(address(entry.node).ip()),
        }
    }

    fn instances(&self) -> BTreeMap<String, Instance> {
        let all = (0..).zip(&self.nodes);
        let told = all.map(|(id, node)| {
            let role = if node.manager {
                Role::Manager
            } else {
                Role::Worker
            };
            let instance_of = Instance {
                alive: !node.dead,
                role: Some(role),
                tagged: true,
                addresses: vec![address(id).ip().into()],
                ..Instance::default()
            };
            (instance(id), instance_of)
        });
        told.collect()
    }
}

fn role(part: Part) -> Role {
    match part {
        Part::Worker => Role::Worker,
        Part::Manager | Part::Outvoted => Role::Manager,
    }
}
