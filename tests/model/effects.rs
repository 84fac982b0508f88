//! What each step does outside, in the order of effects of `run/steps`, and what is heard of it.

use std::net::SocketAddr;

use protocol::node::{Asked, Joining};
use protocol::{Action, Membership};

use crate::engine_view::Engine;
use crate::heard::Heard;
use crate::minds::Mind;
use crate::names::{epoch_number, instance_of, life_of, node_of, swarm_of};
use crate::set::Set;
use crate::turn::Turn;
use crate::variant::Variant;
use crate::world::{Doing, Id, Label, Node, Number, Rule, World};

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
    /// The agent ends after so many of the files that are to be written.
    Torn(u8),
}

impl World {
    pub(crate) fn node(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[usize::from(id)]
    }

    pub(crate) fn mind(&self, id: Id) -> Mind {
        self.nodes[usize::from(id)].mind
    }

    /// The agent hears something, and has on disk what is to be there.
    pub(crate) fn hear(&mut self, id: Id, heard: Heard) {
        let node = self.node(id);
        let learnt = node.mind.hear(node.disk, id, heard);
        node.mind = learnt.mind;
        node.disk = learnt.disks[learnt.disks.len() - 1];
    }

    /// The same, but its agent ends between two files; whether there were two.
    fn hear_torn(&mut self, id: Id, heard: Heard, files: u8) -> bool {
        let node = self.node(id);
        let learnt = node.mind.hear(node.disk, id, heard);
        let last = learnt.disks.len() - 1;
        let files = usize::from(files);
        node.disk = learnt.disks[files.min(last)];
        self.restart(id);
        files < last
    }

    pub(crate) fn hear_with(&mut self, id: Id, heard: Heard, fate: Fate) -> bool {
        if let Fate::Torn(files) = fate {
            return self.hear_torn(id, heard, files);
        }
        self.hear(id, heard);
        true
    }

    /// Takes a step of an agent; whether it could go that way. What cannot be done changes nothing.
    pub(crate) fn take(&mut self, id: Id, turn: &Turn, fate: Fate, variant: Variant) -> bool {
        let looked = (self.looks_serve && turn.action.spares_engine()).then_some(turn.engine);
        let node = self.node(id);
        (node.mind, node.disk) = (turn.mind, turn.disk);
        node.looked = looked;
        if self.depart_step(id, turn, variant) {
            return true;
        }
        match &turn.action {
            Action::Wait(_) => {}
            Action::Serve(_) if turn.leads => self.begin_chores(id, fate, variant),
            Action::Serve(_) => self.look_around(id),
            Action::ReadTicket => self.read_ticket(id, fate),
            Action::ReadRegisters(epoch) => self.read_registers(id, epoch_number(*epoch), fate),
            Action::CreateClaim(epoch) => {
                self.create_claim(id, epoch_number(*epoch), fate, variant);
            }
            Action::InitSwarm(epoch) => self.make_swarm(id, epoch_number(*epoch)),
            Action::Recover(epoch) => self.record_force(id, epoch_number(*epoch), turn, variant),
            Action::MarkEpoch(epoch) => self.mark(id, epoch_number(*epoch)),
            Action::DeclareFormed(epoch) => {
                self.declare_formed(id, epoch_number(*epoch), fate, variant);
            }
            Action::PassOver(epoch) => self.pass_over(id, epoch_number(*epoch), fate, variant),
            Action::AskFleet(ids) => {
                let asked = ids.iter().map(|id| instance_of(id)).collect();
                self.ask_fleet(id, asked, variant);
            }
            Action::AskStanding(asked) => self.ask_standing(id, turn.engine, asked),
            Action::Probe(managers) => self.probe(id, managers),
            Action::Join(joining) => self.join_at(id, joining, fate),
            Action::Remember(membership) => {
                return self.remember(id, turn.engine, membership, fate);
            }
            Action::RecordNode(node) => self.record_node(id, life_of(node), fate),
            Action::Leave => self.record_leave(id, turn),
            action => unreachable!("nothing in the model leads to {action:?}"),
        }
        true
    }

    pub(crate) fn read_ticket(&mut self, id: Id, fate: Fate) {
        let ticket = if fate == Fate::Stale {
            self.earlier
        } else {
            self.ticket
        };
        self.hear(id, Heard::Ticket(ticket));
    }

    fn record_node(&mut self, id: Id, life: u8, fate: Fate) {
        self.node(id).recorded = life;
        if fate == Fate::Good {
            self.hear(id, Heard::Recorded(life));
        }
    }

    fn make_swarm(&mut self, id: Id, number: Number) {
        self.hear(id, Heard::NothingForced);
        let claimed = self.epoch(number).and_then(|epoch| epoch.claim) == Some(id);
        if self.init(id, number) {
            self.history.note(Rule::InitUnderClaim, claimed);
        }
    }

    fn record_force(&mut self, id: Id, number: Number, turn: &Turn, variant: Variant) {
        let disk = self.node(id).disk;
        self.record(id, turn);
        if variant == Variant::ForgetsForce {
            self.node(id).disk = disk;
        }
        self.node(id).doing = Some(Doing::Force(number));
    }

    fn record_leave(&mut self, id: Id, turn: &Turn) {
        self.record(id, turn);
        self.node(id).doing = Some(Doing::Leave);
    }

    /// On disk first, then known.
    pub(crate) fn record(&mut self, id: Id, turn: &Turn) {
        let node = self.node(id);
        let Some(act) = node.mind.node().act_of(&turn.action) else {
            return;
        };
        node.disk = node.disk.record(node.mind, act);
        self.hear(id, Heard::ActRecorded(act));
    }

    fn mark(&mut self, id: Id, number: Number) {
        if let Some((raft, _)) = self.led(id) {
            self.rafts[usize::from(raft)].label = Label {
                epoch: number,
                owner: id,
            };
        }
    }

    pub(crate) fn ask_fleet(&mut self, id: Id, asked: Set, variant: Variant) {
        let gone = |other: &Id| {
            let silent = self.led(*other).is_none() || !self.reach(id, *other);
            let ended = self.nodes.get(usize::from(*other));
            ended.is_some_and(|node| node.dead)
                || (variant == Variant::TrustsSilence && silent && *other != id)
        };
        let gone: Set = asked.iter().filter(gone).collect();
        self.hear(id, Heard::Told { asked, gone });
    }

    fn ask_standing(&mut self, id: Id, engine: Engine, asked: &Asked) {
        let Engine::Member { swarm, life, .. } = engine else {
            return;
        };
        let asked = asked.managers.iter().copied().map(node_of);
        let (mut member, mut removed, mut leaderless) =
            (Set::default(), Set::default(), Set::default());
        for manager in asked {
            let counts = |raft| self.raft(raft).entry(id, life).is_some();
            match self.answers(id, manager, swarm).map(counts) {
                Some(true) => member = member.with(manager),
                Some(false) => removed = removed.with(manager),
                None if self.answers_without_leader(id, manager, swarm) => {
                    leaderless = leaderless.with(manager);
                }
                None => {}
            }
        }
        self.hear(
            id,
            Heard::Standing {
                engine,
                member,
                removed,
                leaderless,
            },
        );
    }

    fn probe(&mut self, id: Id, managers: &[SocketAddr]) {
        let node = self.mind(id).node();
        let Some(swarm) = node.ticket().map(|t| swarm_of(&t.swarm_id)) else {
            return;
        };
        let asked = managers.iter().copied().map(node_of);
        let able = |manager: &Id| self.answers(id, *manager, swarm).is_some();
        let found = asked.into_iter().find(able);
        self.hear(id, Heard::Probed(found));
    }

    fn join_at(&mut self, id: Id, joining: &Joining, fate: Fate) {
        let manager = node_of(joining.manager);
        let swarm = swarm_of(&joining.ticket.swarm_id);
        let epoch = epoch_number(joining.ticket.epoch);
        self.hear(id, Heard::NothingForced);
        if self.join(id, manager, swarm) && fate == Fate::Good {
            let engine = Engine::of(self, id);
            self.hear(
                id,
                Heard::Remembered {
                    engine,
                    swarm,
                    epoch,
                },
            );
        } else {
            self.hear(id, Heard::JoinFailed);
        }
    }

    fn remember(&mut self, id: Id, engine: Engine, member: &Membership, fate: Fate) -> bool {
        let heard = Heard::Remembered {
            engine,
            swarm: swarm_of(&member.swarm_id),
            epoch: epoch_number(member.epoch),
        };
        self.hear_with(id, heard, fate)
    }

    /// The agent ends and starts again: what it had learnt and what it was doing is lost.
    pub(crate) fn restart(&mut self, id: Id) {
        let node = self.node(id);
        node.mind = Mind::start(id, node.manager, node.disk);
        node.doing = None;
        node.looked = None;
    }
}
