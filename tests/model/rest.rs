//! The rest of steps with more than one effect. Anything may happen before it, and a crash may take
//! it away.

use crate::effects::Fate;
use crate::heard::Heard;
use crate::names::epoch as epoch_of;
use crate::raft::Lead;
use crate::variant::Variant;
use crate::words::Word;
use crate::world::{Doing, Id, Number, Outcome, Place, Rule, Ticket, World};

impl World {
    pub(crate) fn go_on(&mut self, id: Id, fate: Fate, variant: Variant) -> bool {
        let Some(doing) = self.node(id).doing.take() else {
            return false;
        };
        match doing {
            Doing::Leave => self.leave(id),
            Doing::Depart => self.depart(id),
            Doing::Departed => return self.departed(id, fate),
            Doing::Forget => return self.hear_with(id, Heard::Left, fate),
            Doing::Force(number) => self.force_cluster(id, number),
            Doing::Put(ticket) => self.put(id, ticket, variant),
            Doing::Tend => self.tend(id, Word::All, variant),
        }
        true
    }

    fn leave(&mut self, id: Id) {
        let good = self.is_in_good_swarm(id);
        self.history.note(Rule::StayInGoodSwarm, !good);
        let open = self.may_still_declare(id);
        self.history.note(Rule::KeepOwnSwarm, !open);
        if self.moves_on(id) {
            let dead = self.is_lost(id);
            self.history.note(Rule::LeaveTheDead, dead);
        }
        let node = self.node(id);
        node.place = None;
        node.doing = Some(Doing::Forget);
    }

    /// A member that knows of a later epoch's swarm, another than its own. Nothing in the model holds it
    /// back: there is no time between two acts here.
    fn moves_on(&self, id: Id) -> bool {
        let node = &self.nodes[usize::from(id)];
        let mind = node.mind.node();
        let known = mind.membership().zip(mind.ticket());
        known.is_some_and(|(here, ticket)| {
            ticket.epoch > here.epoch && ticket.swarm_id != here.swarm_id
        })
    }

    /// No raft of the swarm that a node is in can have a majority again, whatever becomes of links.
    fn is_lost(&self, id: Id) -> bool {
        let swarm = self.place(id).map(|place| place.swarm);
        let mut rafts = self
            .numbers()
            .filter(|raft| Some(self.raft(*raft).swarm) == swarm);
        rafts.all(|raft| !self.can_lead(raft))
    }

    /// The cluster's newest swarm has a majority and has this node, and the node can reach it again
    /// by itself: some manager that it knows still serves.
    fn is_in_good_swarm(&self, id: Id) -> bool {
        let Some(Place {
            raft, life, known, ..
        }) = self.place(id).copied()
        else {
            return false;
        };
        let Some(Outcome::Formed { raft: newest, .. }) = self.newest().map(|(_, formed)| formed)
        else {
            return false;
        };
        let counts = self.raft(newest).entry(id, life).is_some();
        let serves = |lead: Lead| lead.side.has(id) || lead.side.iter().any(|m| known.has(m));
        counts && raft.is_none_or(|raft| raft == newest) && self.lead(newest).is_some_and(serves)
    }

    /// The swarm that it made or recovered under its claim, while nothing is written of its epoch.
    fn may_still_declare(&self, id: Id) -> bool {
        let Some(raft) = self.place(id).and_then(|place| place.raft) else {
            return false;
        };
        let label = self.raft(raft).label;
        let made = (label.owner == id).then_some(label.epoch);
        let forced = self.nodes[usize::from(id)].disk.forced;
        let forced = forced.filter(|number| self.history.recovered.contains(number));
        let epochs = [made, forced].into_iter().flatten();
        let mut registers = epochs.filter_map(|n| self.epochs.get(usize::from(n) - 1));
        registers.any(|epoch| epoch.claim == Some(id) && epoch.outcome.is_none())
    }

    /// The highest epoch that is formed.
    pub(crate) fn newest(&self) -> Option<(Number, Outcome)> {
        let numbered = (1..).zip(&self.epochs);
        let formed = numbered.filter_map(|(n, e)| Some((n, e.outcome?)));
        formed
            .filter(|(_, outcome)| *outcome != Outcome::PassedOver)
            .last()
    }

    fn force_cluster(&mut self, id: Id, number: Number) {
        let Some(old) = self.place(id).and_then(|place| place.raft) else {
            return;
        };
        let lost = !self.can_lead(old);
        if self.force(id) {
            let first = !self.history.recovered.contains(&number);
            self.history.recovered.push(number);
            self.history.note(Rule::RecoverLostMajority, lost);
            self.history.note(Rule::RecoverOnce, first);
        }
    }

    fn put(&mut self, id: Id, ticket: Ticket, variant: Variant) {
        let mind = self.mind(id).node();
        let newer = |epoch| epoch > epoch_of(ticket.epoch);
        let read = mind.ticket().is_some_and(|t| newer(t.epoch));
        let formed = mind.registers().is_some_and(|r| {
            newer(r.epoch) && matches!(r.outcome, Some(protocol::Outcome::Formed { .. }))
        });
        self.history.note(Rule::PublishNewest, !read && !formed);
        self.publish(id, ticket);
        if self.has_to_tend(id, variant) {
            self.node(id).doing = Some(Doing::Tend);
        }
    }

    /// The last writer wins.
    pub(crate) fn publish(&mut self, id: Id, ticket: Ticket) {
        let register = self.epochs.get(usize::from(ticket.epoch) - 1);
        let formed = Outcome::Formed {
            swarm: ticket.swarm,
            raft: ticket.raft,
        };
        let holds = register.is_some_and(|epoch| epoch.outcome == Some(formed));
        self.history.note(Rule::PublishFormed, holds);
        self.history.declare(ticket.epoch, ticket.raft);
        if self.ticket != Some(ticket) {
            self.earlier = self.ticket;
            self.ticket = Some(ticket);
        }
        self.hear(id, Heard::Ticket(Some(ticket)));
    }
}
