//! What each step does, in the order of effects of `run/act.rs`, `acts.rs` and `ask.rs`.

use crate::set::Set;
use crate::variant::Variant;
use crate::view::{Step, View};
use crate::world::{Doing, Id, Label, Mind, Node, Number, Place, Rule, Verdict, World};

/// How a step goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Good,
    /// It was done, and the answer was lost, also those of the repeated tries.
    Lost,
    /// What was read is older than the last write.
    Stale,
    /// Of two registers the older one was missed.
    Skewed,
    /// The agent ends between two files.
    Torn,
}

impl Mind {
    /// For how long others have been answering counts from when the own managers fell silent.
    pub(crate) fn forget_probes(&mut self) {
        self.probes = None;
        self.able = false;
        self.able_since_asked = false;
    }
}

impl World {
    pub(crate) fn node(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[usize::from(id)]
    }

    pub(crate) fn mind(&mut self, id: Id) -> &mut Mind {
        &mut self.node(id).mind
    }

    /// Takes a step of an agent. What cannot be done changes nothing.
    pub(crate) fn take(&mut self, id: Id, step: Step, fate: Fate, variant: Variant) {
        match step {
            Step::Serve { leader: false } => self.look_around(id),
            Step::Serve { leader: true } => self.begin_chores(id, fate),
            Step::ReadTicket => self.learn_ticket(id, fate),
            Step::ReadRegisters(number) => self.read_registers(id, number, fate),
            Step::CreateClaim(number) => self.create_claim(id, number, fate, variant),
            Step::InitSwarm(number) => self.make_swarm(id, number),
            Step::Recover(number) => self.record_force(id, number, variant),
            Step::MarkEpoch(number) => self.mark(id, number),
            Step::DeclareFormed(number) => self.declare_formed(id, number, fate, variant),
            Step::PassOver(number) => self.pass_over(id, number, fate, variant),
            Step::AskFleet(ids) => self.ask_fleet(id, ids, variant),
            Step::AskStanding => self.ask_standing(id),
            Step::Probe => self.probe(id),
            Step::Join(manager) => self.join_at(id, manager, fate),
            Step::Remember(number) => self.remember(id, number, fate),
            Step::Leave => self.node(id).doing = Some(Doing::Leave),
        }
    }

    pub(crate) fn learn_ticket(&mut self, id: Id, fate: Fate) {
        let ticket = if fate == Fate::Stale {
            self.earlier
        } else {
            self.ticket
        };
        let in_loss = View::of(self, id).has_no_leader();
        let mind = self.mind(id);
        mind.ticket = Some(ticket);
        // Probes from before it count no more.
        mind.probes = None;
        mind.ticket_after_word = !mind.gone.is_empty();
        mind.ticket_in_loss = in_loss;
    }

    fn make_swarm(&mut self, id: Id, number: Number) {
        let claimed = self.epoch(number).and_then(|epoch| epoch.claim) == Some(id);
        if self.init(id, number) {
            self.history.note(Rule::InitUnderClaim, claimed);
        }
    }

    fn record_force(&mut self, id: Id, number: Number, variant: Variant) {
        let node = self.node(id);
        if variant != Variant::ForgetsForce {
            node.disk.forced = Some(number);
        }
        node.doing = Some(Doing::Force(number));
    }

    fn mark(&mut self, id: Id, number: Number) {
        if let Some((raft, _)) = self.led(id) {
            self.rafts[usize::from(raft)].label = Label {
                epoch: number,
                owner: id,
            };
        }
    }

    pub(crate) fn ask_fleet(&mut self, id: Id, ids: Set, variant: Variant) {
        let gone = |other: &Id| {
            let silent = self.led(*other).is_none() || !self.reach(id, *other);
            self.nodes[usize::from(*other)].dead
                || (variant == Variant::TrustsSilence && silent && *other != id)
        };
        let gone: Set = ids.iter().filter(gone).collect();
        let mind = self.mind(id);
        let known = mind.gone;
        mind.gone = known.or(gone);
        if mind.gone != known {
            mind.ticket_after_word = false;
        }
    }

    fn ask_standing(&mut self, id: Id) {
        let view = View::of(self, id);
        let Some(Place { known, .. }) = self.place(id).copied() else {
            return;
        };
        let lost = view.has_no_leader();
        let asked = if lost {
            known.or(view.disk.peers)
        } else {
            known
        };
        let verdict = self.verdict(id, asked);
        let mind = self.mind(id);
        mind.verdict = Some(verdict);
        mind.verdict_in_loss = lost;
        mind.silences = match verdict {
            Verdict::Silent => 2.min(mind.silences + u8::from(mind.able_since_asked)),
            Verdict::Member | Verdict::Removed => 0,
        };
        mind.able_since_asked = false;
        if verdict == Verdict::Member {
            mind.forget_probes();
        }
    }

    fn probe(&mut self, id: Id) {
        let Some(Some(ticket)) = self.nodes[usize::from(id)].mind.ticket else {
            return;
        };
        let able = |manager: &Id| self.answers(id, *manager, ticket.swarm).is_some();
        let found = ticket.managers.iter().find(able);
        let mind = self.mind(id);
        mind.probes = Some(found);
        mind.able = found.is_some();
        mind.able_since_asked = mind.able;
        mind.silences *= u8::from(mind.able);
    }

    fn join_at(&mut self, id: Id, manager: Id, fate: Fate) {
        let Some(Some(ticket)) = self.nodes[usize::from(id)].mind.ticket else {
            return;
        };
        if self.join(id, manager, ticket.swarm) && fate == Fate::Good {
            self.note_membership(id, ticket.swarm, ticket.epoch);
        }
    }

    fn remember(&mut self, id: Id, number: Number, fate: Fate) {
        let Some(swarm) = self.place(id).map(|place| place.swarm) else {
            return;
        };
        let forced = self.node(id).disk.forced;
        self.note_membership(id, swarm, number);
        if fate == Fate::Torn {
            self.node(id).disk.forced = forced;
            self.restart(id);
        }
    }

    fn note_membership(&mut self, id: Id, swarm: u8, number: Number) {
        let membership = self.membership(id, swarm, number);
        let node = self.node(id);
        node.disk.membership = membership;
        node.disk.forced = None;
        node.mind.verdict = Some(Verdict::Member);
        node.mind.verdict_in_loss = false;
        node.mind.silences = 0;
        node.mind.forget_probes();
    }

    /// The agent ends and starts again: what it had learnt and what it was doing is lost.
    pub(crate) fn restart(&mut self, id: Id) {
        let node = self.node(id);
        node.mind = Mind::default();
        node.doing = None;
    }
}
