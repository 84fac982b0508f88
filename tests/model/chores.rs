//! What the leader's agent does for all, in the order of `run/chores`: peers, ticket, node list.
//! What to promote and what to reap is decided by the production code.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::leader::admission::Admission;
use protocol::leader::promotion::{self, Candidates, Promotion};
use protocol::leader::reaping::{self, Downtimes, Reaping};
use protocol::leader::{NO_TASKS, Records, Snapshot};
use protocol::tags::{CLUSTER_TAG, ROLE_TAG};
use protocol::{
    ClusterName, Facts, Here, Instances, Life, ManagerEntry, Moment, NodeEntry, Reply, Role, Told,
    pace,
};

use crate::ages;
use crate::departures::Notice;
use crate::effects::Fate;
use crate::heard::{self, Heard};
use crate::names::{address, epoch, instance, instance_of};
use crate::set::Set;
use crate::variant::Variant;
use crate::world::{self, Doing, Entry, Id, Part, Ticket, World};

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
        let index = |name: &str| name.parse().expect("an index");
        let list = self.list(id, raft);
        let instances = self.instances(id);
        let own = instance(id);
        let seen = Snapshot {
            own: &own,
            admission: Admission::Enforce,
            nodes: &list,
            instances: &instances,
            records: &self.records(raft),
            tasks: NO_TASKS,
            epoch: Some(epoch(self.raft(raft).label.epoch)),
            now: ages::NOW,
        };
        // Who is down has been for long.
        let mut downtimes = Downtimes::default();
        for ago in [2 * reaping::LASTED, reaping::LASTED, Duration::ZERO] {
            let up = ages::NOW.up.saturating_sub(ago);
            downtimes.look(&list, Moment { up, ..ages::NOW });
        }
        match reaping::next(&seen, &downtimes) {
            Reaping::Demote(name) => return Some(Chore::Demote(index(&name))),
            // One at a time here: what comes between two removals is part of the model.
            Reaping::Remove(list) => return Some(Chore::Remove(index(&list.first()?.id))),
            Reaping::Ask(ids) => {
                return Some(Chore::Ask(ids.iter().map(|id| instance_of(id)).collect()));
            }
            Reaping::Nothing | Reaping::Look(_) => {}
        }
        if self.clone().drain(id, raft, Variant::Production) {
            return Some(Chore::Drain);
        }
        match promotion::next(&Candidates::of(&seen, |_| false)) {
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

    /// The swarm's nodes, as Docker lists them: each by its place in the list.
    pub(crate) fn list(&self, leader: Id, raft: u8) -> Vec<NodeEntry> {
        let entries = self.raft(raft).entries.iter().enumerate();
        let listed = entries.map(|(index, entry)| self.entry(leader, raft, index, *entry));
        listed.collect()
    }

    fn entry(&self, leader: Id, raft: u8, index: usize, entry: Entry) -> NodeEntry {
        let ready = self.is_ready(leader, raft, entry);
        let manager = ManagerEntry {
            address: address(entry.node),
            reachable: ready,
            leader: entry.node == leader,
        };
        NodeEntry {
            id: index.to_string(),
            created: u64::try_from(index).ok(),
            role: role(entry.part),
            availability: entry.availability,
            labels: entry.labels(self.raft(raft).label.epoch),
            ready,
            down: !ready,
            instance_id: Some(instance(entry.node)),
            asks_to_leave: entry.asks.map(Notice::deadline),
            address: Some(address(entry.node).ip()),
            manager: (entry.part == Part::Manager).then_some(manager),
        }
    }

    /// What the nodes' own agents have written down, in the terms of the list.
    fn records(&self, raft: u8) -> Records {
        let mut records = Records::default();
        let listed = self.raft(raft).entries.iter().enumerate();
        for (index, entry) in listed {
            if self.nodes[usize::from(entry.node)].recorded == entry.life {
                let read = Some(index.to_string());
                records.learn(&instance(entry.node), Ok(read), ages::NOW);
            }
        }
        records
    }

    /// What every leader is told, and of lives what this one has asked for. Tags do not change here.
    fn instances(&self, leader: Id) -> Instances {
        let gone = self.mind(leader).gone;
        let all = (0..).zip(&self.nodes);
        let told = all.map(|(id, node)| told(id, node));
        let (ended, alive): (Vec<Told>, Vec<Told>) =
            told.partition(|told| gone.has(instance_of(&told.id)));
        let cluster: ClusterName = "c".parse().expect("a name");
        let here = Here {
            region: "",
            cluster: &cluster,
        };
        let mut instances = Instances::default();
        let lives = alive.into_iter().filter(|told| told.life == Life::Alive);
        reply(&lives.collect::<Vec<_>>(), |reply| {
            instances.learn(reply, here, ages::NOW);
        });
        for ago in [pace::FLEET_GAP, Duration::ZERO] {
            let up = ages::NOW.up.saturating_sub(ago);
            reply(&ended, |reply| {
                instances.see(reply, Moment { up, ..ages::NOW });
            });
        }
        instances
    }
}

/// EC2's answer about these, and no others.
fn reply(told: &[Told], learn: impl FnOnce(&Reply<'_>)) {
    let asked: Vec<String> = told.iter().map(|told| told.id.clone()).collect();
    learn(&Reply {
        asked: &asked,
        known: told,
        silent: &BTreeSet::new(),
    });
}

fn told(id: Id, node: &world::Node) -> Told {
    let role = if node.manager {
        Role::Manager
    } else {
        Role::Worker
    };
    let tags = [(ROLE_TAG, role.to_string()), (CLUSTER_TAG, "c".to_owned())];
    Told {
        profile: None,
        id: instance(id),
        life: if node.dead {
            Life::Terminated
        } else {
            Life::Alive
        },
        addresses: vec![address(id).ip().into()],
        tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
        facts: Facts::default(),
    }
}

fn role(part: Part) -> Role {
    match part {
        Part::Worker => Role::Worker,
        Part::Manager | Part::Outvoted => Role::Manager,
    }
}
