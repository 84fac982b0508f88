//! What the leader's agent does for all, in the order of `run/chores`: peers, ticket, node list.
//! What to promote and what to reap is decided by the production code.

use std::time::Duration;

use protocol::leader::admission::{Admission, REMOVED_AFTER};
use protocol::leader::promotion::{self, Candidates, Promotion};
use protocol::leader::publishing;
use protocol::leader::reaping::{self, Downtimes, Reaping};
use protocol::leader::{NO_TASKS, Snapshot};
use protocol::{Moment, NodeChange, NodeEntry};

use crate::ages;
use crate::effects::Fate;
use crate::heard::{self, Heard};
use crate::names::{epoch, instance, instance_of};
use crate::set::Set;
use crate::variant::Variant;
use crate::words::Word;
use crate::world::{Doing, Id, Part, Rule, Ticket, World};

/// What the node list asks for.
pub(crate) enum Chore {
    /// A node gets its labels, and tasks.
    Label(usize, NodeChange),
    /// One does not belong.
    Refuse(usize, NodeChange),
    /// It is taken off.
    Expel(usize),
    Drain,
    /// Of the dead.
    Demote(usize),
    /// Of those that leave.
    MakeRoom(usize),
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
    pub(crate) fn begin_chores(&mut self, id: Id, fate: Fate, variant: Variant) {
        let Some((raft, lead)) = self.led(id).filter(|(_, lead)| lead.leader == id) else {
            return;
        };
        self.look_around(id);
        let ticket = self.current(raft, lead.side);
        if fate != Fate::Lost || self.mind(id).node().ticket_read().is_none() {
            self.read_ticket(id, fate);
        }
        let current = heard::ticket(ticket);
        match publishing::is_newest(self.mind(id).node().ticket(), &current) {
            // A later epoch's: these chores are over.
            Err(_) => {}
            Ok(true) => {
                let tends = self.has_to_tend(id, variant);
                self.node(id).doing = tends.then_some(Doing::Tend);
            }
            Ok(false) => self.node(id).doing = Some(Doing::Put(ticket)),
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

    pub(crate) fn has_to_tend(&self, id: Id, variant: Variant) -> bool {
        let is_dead = |id: Id| self.nodes[usize::from(id)].dead;
        let chore = |word| match self.chore(id, word, variant) {
            Some(Chore::Ask(ids)) => ids.iter().any(is_dead),
            chore => chore.is_some(),
        };
        if self.admits {
            self.words().any(chore)
        } else {
            chore(Word::All)
        }
    }

    pub(crate) fn tend(&mut self, id: Id, word: Word, variant: Variant) {
        let Some((raft, _)) = self.led(id) else {
            return;
        };
        let chore = self.chore(id, word, variant);
        self.note_ends(raft, chore.as_ref());
        let entries = &mut self.rafts[usize::from(raft)].entries;
        match chore {
            None => {}
            Some(Chore::Label(index, change)) => self.change(raft, index, &change, Rule::AdmitOurs),
            Some(Chore::Refuse(..)) if variant == Variant::ForgetsRefusal => {}
            Some(Chore::Refuse(index, change)) => {
                self.change(raft, index, &change, Rule::RefuseStrangers);
            }
            Some(Chore::Expel(index)) => {
                let entry = entries.remove(index);
                let is_stranger = entry.stranger.is_some();
                self.history.note(Rule::RefuseStrangers, is_stranger);
            }
            Some(Chore::Drain) if variant == Variant::ForgetsDrain => {}
            Some(Chore::Drain) => drop(self.drain(id, raft, variant)),
            Some(Chore::Ask(ids)) => self.ask_fleet(id, ids, variant),
            Some(Chore::Demote(index) | Chore::MakeRoom(index)) => {
                entries[index].part = Part::Worker;
            }
            Some(Chore::Remove(index)) => drop(entries.remove(index)),
            Some(Chore::Promote(index)) => self.promote(id, raft, index, variant),
        }
    }

    /// The ticket names the node before raft counts it.
    fn promote(&mut self, id: Id, raft: u8, index: usize, variant: Variant) {
        let entry = self.raft(raft).entries[index];
        let node = entry.node;
        if entry.stranger.is_some() {
            return self.history.note(Rule::PromoteOurs, false);
        }
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

    /// Notes of whom the end is.
    fn note_ends(&mut self, raft: u8, chore: Option<&Chore>) {
        match chore {
            Some(Chore::Demote(index) | Chore::Remove(index)) => {
                self.note_end(raft, *index, Rule::ReapTheGone);
            }
            Some(Chore::MakeRoom(index)) => self.note_end(raft, *index, Rule::DemoteTheLeaving),
            _ => {}
        }
    }

    fn chore(&self, id: Id, word: Word, variant: Variant) -> Option<Chore> {
        let (raft, _) = self.led(id)?;
        let index = |name: &str| name.parse().expect("an index");
        let list = self.list(id, raft, variant == Variant::ChecksNoAddress);
        let heard = self.heard(id, word, variant);
        let own = instance(id);
        let records = self.records(raft, word, variant);
        let seen = Snapshot {
            own: &own,
            admission: Admission::Enforce,
            nodes: &list,
            instances: &heard.now,
            records: &records,
            tasks: NO_TASKS,
            epoch: Some(epoch(self.raft(raft).label.epoch)),
            now: ages::NOW,
        };
        let downtimes = downtimes(&list, self.admits && word != Word::First);
        if let Some(chore) = self.reap(id, raft, &seen, &downtimes, variant) {
            return Some(chore);
        }
        let before = heard.before.as_ref();
        let admitted = self
            .admits
            .then(|| self.admit(raft, &seen, before, &downtimes, variant));
        if let Some(chore) = admitted.flatten() {
            return Some(chore);
        }
        if self.clone().drain(id, raft, Variant::Production) {
            return Some(Chore::Drain);
        }
        match promotion::next(&Candidates::of(&seen, |_| false)) {
            Promotion::Promote(name) => Some(Chore::Promote(index(&name))),
            Promotion::Demote(name) => Some(Chore::MakeRoom(index(&name))),
            Promotion::Settled | Promotion::Hold => None,
        }
    }

    /// The next end. With strangers, EC2 is not asked where it would only say again that all live.
    fn reap(
        &self,
        id: Id,
        raft: u8,
        seen: &Snapshot<'_>,
        downtimes: &Downtimes,
        variant: Variant,
    ) -> Option<Chore> {
        let list = self.list(id, raft, true);
        let records = self.records(raft, Word::All, Variant::AsksNoRecord);
        let trusted = Snapshot {
            nodes: &list,
            records: &records,
            ..*seen
        };
        let trusts = variant == Variant::TrustsLabels;
        let index = |name: &str| name.parse().expect("an index");
        let is_dead = |id: &Id| self.nodes.get(usize::from(*id)).is_some_and(|n| n.dead);
        match reaping::next(if trusts { &trusted } else { seen }, downtimes) {
            Reaping::Demote(name) => Some(Chore::Demote(index(&name))),
            // One at a time here: what comes between two removals is part of the model.
            Reaping::Remove(list) => Some(Chore::Remove(index(&list.first()?.id))),
            Reaping::Ask(ids) => {
                let ids = ids.iter().map(|id| instance_of(id));
                let ids: Set = ids.filter(|id| !self.admits || is_dead(id)).collect();
                (!ids.is_empty()).then_some(Chore::Ask(ids))
            }
            Reaping::Nothing | Reaping::Look(_) => None,
        }
    }
}

/// Who is down has been for a while, or for very long.
fn downtimes(list: &[NodeEntry], very_long: bool) -> Downtimes {
    let looks = if very_long { REMOVED_AFTER / 60 + 1 } else { 2 };
    let mut downtimes = Downtimes::default();
    for minutes in (0..=looks).rev() {
        let ago = Duration::from_mins(minutes);
        let up = ages::NOW.up.saturating_sub(ago);
        downtimes.look(list, Moment { up, ..ages::NOW });
    }
    downtimes
}
