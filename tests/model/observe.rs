//! A view in the decision's own terms, once per combination of ages.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use swarmlet::swarm::{
    Claim, Control, EngineState, Epoch, Fleet, Holder, Identity, JoinToken, Life, Member,
    Membership, Observation, Origin, Outcome, Peer, ProbeAnswer, Probed, Reading, Recovery,
    Registers, Role, Standing, Ticket, Verdict, Whereabouts, Word,
};

use crate::set::Set;
use crate::view::{self, Engine, View};
use crate::world::{self, Id, Number};

/// Shorter than any gap, after as many looks as these.
const NOW: Duration = Duration::ZERO;
const SOON: Duration = Duration::from_secs(1);
const LATER: Duration = Duration::from_secs(2);
const MIDDLING: Duration = Duration::from_secs(60);
/// Longer than any.
const LONG: Duration = Duration::from_hours(9);
const LOOKS: u32 = 99;
/// How many nodes EC2 may be asked about.
const NODES: Id = 8;

/// Which ages are long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    ticket_is_old: bool,
    registers_are_old: bool,
    probes_are_old: bool,
    standing_is_old: bool,
    fleet_is_due: bool,
    lasting: Lasting,
}

/// How long things have been as they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lasting {
    Short,
    /// Long enough to move to a newer swarm, not to give up this one's managers.
    Middling,
    Long,
    /// Also longer than a holder is waited for.
    Enough,
}

impl Lasting {
    /// A node asks its managers every half minute: so often within this time, at least.
    fn silences(self) -> u8 {
        match self {
            Self::Short => 0,
            Self::Middling => 1,
            Self::Long | Self::Enough => 2,
        }
    }
}

/// All combinations that make a difference to this view and do not contradict each other.
pub(crate) fn profiles(view: &View) -> Vec<Profile> {
    let mut all = Vec::new();
    for lasting in [
        Lasting::Short,
        Lasting::Middling,
        Lasting::Long,
        Lasting::Enough,
    ] {
        for bits in 0..32_u8 {
            let bit = |n: u8| bits & (1 << n) != 0;
            all.push(Profile {
                ticket_is_old: bit(0),
                registers_are_old: bit(1),
                probes_are_old: bit(2),
                standing_is_old: bit(3),
                fleet_is_due: bit(4),
                lasting,
            });
        }
    }
    all.retain(|profile| profile.fits(view));
    all
}

impl Profile {
    /// What there is not has no age; probes are never older than the ticket they are of; after a
    /// loss that has lasted, what is new is from within it. While
    /// others have been answering for long, the managers were asked now and then.
    fn fits(self, view: &View) -> bool {
        let mind = &view.mind;
        let exists = (mind.ticket.is_some() || !self.ticket_is_old)
            && (mind.registers.is_some() || !self.registers_are_old)
            && (mind.probes.is_some() || !self.probes_are_old)
            && (mind.verdict.is_some() || !self.standing_is_old);
        let ordered = !self.probes_are_old || self.ticket_is_old;
        let long_loss = view.has_no_leader() && self.lasted() > MIDDLING;
        let within = !long_loss
            || ((mind.ticket_in_loss || self.ticket_is_old || mind.ticket.is_none())
                && (mind.verdict_in_loss || self.standing_is_old || mind.verdict.is_none()));
        let answered =
            mind.probes.flatten().is_some() && mind.verdict == Some(world::Verdict::Silent);
        let both = !answered || self.standing_is_old || mind.silences >= self.lasting.silences();
        exists && ordered && within && both
    }

    fn lasted(self) -> Duration {
        match self.lasting {
            Lasting::Short => NOW,
            Lasting::Middling => MIDDLING,
            Lasting::Long | Lasting::Enough => LONG,
        }
    }

    fn reading<T>(self, value: T, age: Duration) -> Reading<T> {
        Reading {
            value: Ok(value),
            age,
            looks: LOOKS,
            lasted: self.lasted(),
        }
    }
}

fn age(is_old: bool, new: Duration) -> Duration {
    if is_old { LONG + new } else { new }
}

/// The view as the shell would show it.
pub(crate) fn observation(view: &View, profile: &Profile) -> Observation {
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
fn fleet(gone: Set, profile: &Profile) -> Fleet {
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

fn epoch(number: Number) -> Epoch {
    Epoch::new(number.into()).expect("epochs start at 1")
}

pub(crate) fn instance(id: Id) -> String {
    format!("i-{id}")
}

pub(crate) fn instance_of(id: &str) -> Id {
    id.trim_start_matches("i-")
        .parse()
        .expect("an instance's id")
}

pub(crate) fn address(id: Id) -> SocketAddr {
    ([10, 0, 0, id], 2377).into()
}

pub(crate) fn node_of(address: SocketAddr) -> Id {
    match address {
        SocketAddr::V4(v4) => v4.ip().octets()[3],
        SocketAddr::V6(_) => unreachable!("the model has IPv4"),
    }
}

fn swarm_id(swarm: u8) -> String {
    format!("swarm {swarm}")
}

fn digest(swarm: u8) -> String {
    format!("{swarm:050}")
}

fn node_id(id: Id, life: u8) -> String {
    format!("node {id} life {life}")
}

fn nonce(owner: Id, number: Number) -> String {
    format!("{owner} of {number}")
}
