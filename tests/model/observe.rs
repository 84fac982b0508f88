//! A view in the decision's own terms.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{
    Claim, Control, EngineState, Fleet, Holder, Identity, JoinToken, Life, Member, Membership,
    Observation, Origin, Outcome, Peer, ProbeAnswer, Probed, Recovery, Registers, Role, Standing,
    Ticket, Verdict, Whereabouts, Word,
};

use crate::names::{address, digest, epoch, instance, node_id, nonce, swarm_id};
use crate::profile::{LATER, LONG, LOOKS, Lasting, NOW, Profile, SOON};
use crate::set::Set;
use crate::view::{self, Engine, View};
use crate::world::{self, Id};

/// How many nodes EC2 may be asked about.
const NODES: Id = 8;

fn age(is_old: bool, new: Duration) -> Duration {
    if is_old { LONG + new } else { new }
}

/// The view as the shell would show it.
pub(crate) fn observation(view: &View, profile: Profile) -> Observation {
    let mind = &view.mind;
    // A ticket read after EC2's word is younger than that word.
    let read = if mind.ticket_after_word {
        SOON
    } else {
        LATER + SOON
    };
    let ticket_age = age(profile.ticket_is_old, read);
    Observation {
        instance_id: instance(view.me),
        role: if view.manager {
            Role::Manager
        } else {
            Role::Worker
        },
        engine: engine(view),
        since: profile.lasted(),
        membership: view.disk.membership.map(|m| membership(view.me, m)),
        peers: view.disk.peers.iter().map(|id| peer(view, id)).collect(),
        forced: view.disk.forced.map(epoch),
        ticket: mind
            .ticket
            .map(|t| profile.reading(t.map(ticket), ticket_age)),
        registers: mind
            .registers
            .map(|r| profile.reading(registers(r), age(profile.registers_are_old, NOW))),
        managers: mind
            .probes
            .map(|able| profile.reading(answers(view, able), age(profile.probes_are_old, NOW))),
        standing: mind.verdict.map(|verdict| Standing {
            leaderless: 0,
            verdict: said(verdict),
            age: age(
                profile.standing_is_old,
                if mind.able_since_asked { SOON } else { NOW },
            ),
            looks: if profile.lasting == Lasting::Short {
                1
            } else {
                LOOKS
            },
            lasted: profile.lasted(),
        }),
        join: None,
        unlock: None,
        left: None,
        acted: None,
        holder: holder(profile.lasting),
        fleet: fleet(mind.gone, profile),
        recovery: Recovery::Auto,
        departure: None,
    }
}

fn holder(lasting: Lasting) -> Holder {
    let waited = match lasting {
        Lasting::Short | Lasting::Middling => NOW,
        Lasting::Long => LONG,
        Lasting::Enough => LONG * 2,
    };
    Holder {
        waited,
        patience: LONG * 2,
    }
}

/// Those that are gone have been heard of twice. The others have just been, or never.
fn fleet(gone: Set, profile: Profile) -> Fleet {
    let word = |life, age| Whereabouts {
        life,
        age,
        looks: 2,
        lasted: LONG,
    };
    let asked = (0..NODES).filter(|id| gone.has(*id) || !profile.fleet_is_due);
    let told = asked.map(|id| {
        let told = if gone.has(id) {
            word(Life::Terminated, LATER)
        } else {
            word(Life::Alive, NOW)
        };
        (instance(id), told)
    });
    Fleet(told.collect::<BTreeMap<_, _>>())
}

fn engine(view: &View) -> EngineState {
    let Engine::Member {
        swarm,
        life,
        known,
        control,
    } = view.engine
    else {
        return EngineState::Inactive;
    };
    let identity = Identity {
        locks: false,
        node_id: Some(node_id(view.me, life)),
        swarm_id: Some(swarm_id(swarm)),
        ca_digest: Some(digest(swarm)),
        managers: known.iter().map(address).collect(),
    };
    let control = match control {
        view::Control::Worker => Control::Worker,
        view::Control::NoLeader => Control::NoLeader("The swarm does not have a leader.".into()),
        view::Control::Manager { leader, label } => Control::Manager {
            leader,
            origin: Some(Origin {
                epoch: epoch(label.epoch),
                nonce: nonce(label.owner, label.epoch),
            }),
        },
    };
    EngineState::Active(Member { identity, control })
}

fn membership(me: Id, known: world::Membership) -> Membership {
    Membership {
        instance_id: instance(me),
        node_id: node_id(me, known.life),
        swarm_id: swarm_id(known.swarm),
        epoch: epoch(known.epoch),
    }
}

/// Of the others only the instance matters.
fn peer(view: &View, id: Id) -> Peer {
    let node_id = match view.engine {
        Engine::Member { life, .. } if id == view.me => node_id(id, life),
        _ => format!("peer {id}"),
    };
    Peer {
        node_id,
        instance_id: Some(instance(id)),
        address: address(id),
    }
}

fn ticket(ticket: world::Ticket) -> Ticket {
    let token = format!("SWMTKN-1-{}-{:025}", digest(ticket.swarm), 0);
    Ticket {
        epoch: epoch(ticket.epoch),
        swarm_id: swarm_id(ticket.swarm),
        token: JoinToken::parse(token.into()).expect("well formed"),
        managers: ticket.managers.iter().map(address).collect(),
        instances: ticket.instances.iter().map(instance).collect(),
        issued_by: String::new(),
        issued_at: 0,
    }
}

fn registers(read: world::Registers) -> Registers {
    let number = read.number;
    Registers {
        epoch: epoch(number),
        claim: read.epoch.claim.map(|owner| Claim {
            nonce: nonce(owner, number),
            instance_id: instance(owner),
        }),
        outcome: read.epoch.outcome.map(|outcome| match outcome {
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
        }),
        claim_is_mine: read.mine,
    }
}

/// The answer of the one that can take this node; the others do not count.
fn answers(view: &View, able: Option<Id>) -> Vec<Probed> {
    let swarm = view.mind.ticket.flatten().map(|ticket| ticket.swarm);
    let answer = |swarm: u8| ProbeAnswer::Manager {
        swarm_id: swarm_id(swarm),
        ca_digest: Some(digest(swarm)),
        word: Word::Unknown,
    };
    let probed = able.zip(swarm).map(|(id, swarm)| Probed {
        address: address(id),
        answer: answer(swarm),
    });
    probed.into_iter().collect()
}

fn said(verdict: world::Verdict) -> Verdict {
    match verdict {
        world::Verdict::Member => Verdict::Member,
        world::Verdict::Removed => Verdict::Removed,
        world::Verdict::Silent => Verdict::Silent,
    }
}
