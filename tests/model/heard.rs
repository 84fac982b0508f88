//! What an agent hears, in the model's terms and in production's.

use std::collections::{BTreeMap, BTreeSet};

use protocol::departure::Request;
use protocol::departure::latch;
use protocol::departure::notice::{Notices, Target};
use protocol::facts::hooks::{Hook, HookCall, Waiting};
use protocol::node::{Act, DepartureEvent, Event, Node};
use protocol::{
    Claim, Facts, JoinToken, Life, Outcome, Peer, ProbeAnswer, Probed, Registers, Reply, Ticket,
    Told, Trouble, Word, pace,
};

use crate::ages::{self, NOW};
use crate::departures::Notice;
use crate::engine_view::{Engine, state};
use crate::names::{address, digest, epoch, instance, node_id, nonce, swarm_id};
use crate::set::Set;
use crate::world::{self, Id, Number};

/// Plain data, cheap to compare.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Heard {
    /// A look at the engine.
    Engine(Engine),
    Ticket(Option<world::Ticket>),
    /// Both registers of an epoch, as read.
    Registers(Number, world::Epoch),
    /// No answer to what was to be written there.
    NoRegisters,
    /// Which of the ticket's managers can take this node.
    Probed(Option<Id>),
    /// What managers say of this node, whose engine is as it has just been looked at.
    Standing {
        engine: Engine,
        member: Set,
        removed: Set,
        leaderless: Set,
    },
    /// EC2's word, twice.
    Told {
        asked: Set,
        gone: Set,
    },
    JoinFailed,
    Nonce(Number),
    /// The engine is looked at for it.
    Remembered {
        engine: Engine,
        swarm: u8,
        epoch: Number,
    },
    /// This life is on record in Parameter Store.
    Recorded(u8),
    /// The managers of this node's raft, with their lives.
    Peers([u8; 8]),
    ActRecorded(Act),
    NothingForced,
    Left,
    /// Why it is to go, if it is.
    Notice(Option<Notice>),
    Announced,
    Marked,
    Retracted,
    Tasks(u8),
    Departed,
    /// Auto Scaling is being asked.
    Asked(HookCall),
    Hooks,
    Beat,
    Completed,
}

/// Hands it to production's state.
pub(crate) fn tell(node: &mut Node, me: Id, heard: Heard) {
    let event = match heard {
        Heard::Engine(engine) => {
            node.learn(Event::Round, NOW);
            Event::Engine(state(me, engine))
        }
        Heard::Ticket(read) => Event::Ticket(Ok(read.map(ticket))),
        Heard::Registers(number, read) => {
            let mine = node.nonce(epoch(number)).map(str::to_owned);
            Event::Registers(Ok(registers(number, read, mine.as_deref())))
        }
        Heard::NoRegisters => Event::Registers(Err(Trouble::Failed(String::new()))),
        Heard::Probed(able) => Event::Probed(answers(node, able)),
        Heard::Standing {
            engine,
            member,
            removed,
            leaderless,
        } => {
            node.learn(Event::Engine(state(me, engine)), NOW);
            Event::Standing(words(node, member, removed, leaderless))
        }
        Heard::Told { asked, gone } => return told(node, asked, gone),
        Heard::JoinFailed => Event::JoinFailed(String::new()),
        Heard::Nonce(number) => Event::Nonce(epoch(number), nonce(me, number)),
        Heard::Remembered {
            engine,
            swarm,
            epoch: number,
        } => {
            node.learn(Event::Engine(state(me, engine)), NOW);
            let Some(membership) = node.member_of(swarm_id(swarm), epoch(number)) else {
                return;
            };
            Event::Remembered(membership)
        }
        Heard::Peers(lives) => Event::Peers(peers(lives)),
        Heard::ActRecorded(act) => Event::Recorded(act),
        Heard::Recorded(life) => Event::NodeRecorded(Ok(node_id(me, life))),
        Heard::NothingForced => Event::NothingForced,
        Heard::Left => Event::Left,
        Heard::Notice(notice) => Event::Heard(notices(notice)),
        Heard::Announced => Event::Departure(DepartureEvent::Announced(Ok(()))),
        Heard::Marked => Event::Departure(DepartureEvent::Marked(Ok(()))),
        Heard::Retracted => Event::Departure(DepartureEvent::Retracted(Ok(()))),
        Heard::Tasks(tasks) => Event::Departure(DepartureEvent::Tasks(Ok(tasks.into()))),
        Heard::Departed => Event::Departure(DepartureEvent::Departed),
        Heard::Asked(call) => Event::Departure(DepartureEvent::Asked(call)),
        Heard::Hooks => Event::Departure(DepartureEvent::Hooks(Ok(vec![Hook::named(HOOK)]))),
        Heard::Beat => Event::Departure(DepartureEvent::Beat(Ok(()))),
        Heard::Completed => Event::Departure(DepartureEvent::Completed(vec![(
            HOOK.to_owned(),
            Ok(Waiting::Heard),
        )])),
    };
    node.learn(event, NOW);
}

const HOOK: &str = "leaves";

/// From instance metadata, and from an operator.
fn notices(notice: Option<Notice>) -> latch::Heard {
    let target = match notice {
        Some(Notice::ScaleIn) => Target::Terminated,
        _ => Target::InService,
    };
    latch::Heard {
        notices: Notices {
            target: Some(target),
            ..Notices::default()
        },
        request: Some((notice == Some(Notice::Drain)).then_some(Request::Drain)),
    }
}

/// What makes no difference to a decision is made the same: EC2's word that an instance lives holds a question up or does
/// not, which a turn chooses anew, and answers to a question about an older ticket count no more.
pub(crate) fn level(node: &mut Node, probes_count: bool) {
    let gone = ages::gone(node);
    let others = (0..ages::NODES).filter(|id| !gone.has(*id)).collect();
    told(node, others, Set::default());
    if !probes_count {
        node.learn(Event::Probed(Vec::new()), NOW);
    }
}

/// EC2 is believed when it has said so twice, far enough apart.
fn told(node: &mut Node, asked: Set, gone: Set) {
    let ids: Vec<String> = asked.iter().map(instance).collect();
    let known: Vec<Told> = asked.iter().map(|id| life(id, gone.has(id))).collect();
    let silent = BTreeSet::new();
    let reply = Reply {
        asked: &ids,
        known: &known,
        silent: &silent,
    };
    let mut later = NOW;
    later.up += pace::FLEET_GAP;
    node.learn(Event::Instances(reply), NOW);
    node.learn(Event::Instances(reply), later);
}

fn life(id: Id, gone: bool) -> Told {
    Told {
        profile: None,
        id: instance(id),
        life: if gone { Life::Terminated } else { Life::Alive },
        addresses: Vec::new(),
        tags: BTreeMap::new(),
        facts: Facts::default(),
    }
}

pub(crate) fn ticket(ticket: world::Ticket) -> Ticket {
    let token = format!("SWMTKN-1-{}-{:025}", digest(ticket.swarm), 0);
    Ticket {
        epoch: epoch(ticket.epoch),
        swarm_id: swarm_id(ticket.swarm),
        token: JoinToken::parse(token.into()).expect("well formed"),
        managers: ticket.managers.iter().map(address).collect(),
        instances: ticket.instances.iter().map(instance).collect(),
        kms_key: None,
        issued_by: String::new(),
        issued_at: 0,
    }
}

fn registers(number: Number, read: world::Epoch, mine: Option<&str>) -> Registers {
    let claim = read.claim.map(|owner| Claim {
        nonce: nonce(owner, number),
        instance_id: instance(owner),
    });
    let drawn = claim.as_ref().map(|claim| claim.nonce.as_str());
    Registers {
        epoch: epoch(number),
        claim_is_mine: drawn.is_some() && drawn == mine,
        claim,
        outcome: read.outcome.map(outcome),
    }
}

fn outcome(outcome: world::Outcome) -> Outcome {
    match outcome {
        world::Outcome::Formed { swarm, .. } => Outcome::Formed {
            nonce: String::new(),
            swarm_id: swarm_id(swarm),
            ca_digest: digest(swarm),
            address: address(0),
        },
        world::Outcome::PassedOver => Outcome::PassedOver {
            nonce: String::new(),
            by: String::new(),
            why: String::new(),
        },
    }
}

/// The answer of the one that can take this node; the others do not count.
fn answers(node: &Node, able: Option<Id>) -> Vec<Probed> {
    let swarm = node.ticket().map(|ticket| ticket.swarm_id.clone());
    let root = node
        .ticket()
        .map(|ticket| ticket.token.ca_digest().to_owned());
    let answer = able.zip(swarm).map(|(id, swarm_id)| Probed {
        address: address(id),
        answer: ProbeAnswer::Manager {
            swarm_id,
            ca_digest: root,
            word: Word::Unknown,
        },
    });
    answer.into_iter().collect()
}

/// Each manager of this node's own swarm that answers.
fn words(node: &Node, member: Set, removed: Set, leaderless: Set) -> Vec<Probed> {
    let Some(own) = node.identity() else {
        return Vec::new();
    };
    let answer = |id, ca_digest, word| Probed {
        address: address(id),
        answer: ProbeAnswer::Manager {
            swarm_id: own.swarm_id.clone().unwrap_or_default(),
            ca_digest,
            word,
        },
    };
    let root = || own.ca_digest.clone();
    let members = member.iter().map(|id| answer(id, root(), Word::Member));
    let others = removed.iter().map(|id| answer(id, root(), Word::Removed));
    let without = leaderless.iter().map(|id| answer(id, None, Word::Unknown));
    members.chain(others).chain(without).collect()
}

fn peers(lives: [u8; 8]) -> Vec<Peer> {
    let listed = (0..).zip(lives).filter(|(_, life)| *life > 0);
    let peers = listed.map(|(id, life)| Peer {
        node_id: node_id(id, life),
        instance_id: Some(instance(id)),
        address: address(id),
    });
    peers.collect()
}
