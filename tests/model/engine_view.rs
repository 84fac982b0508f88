//! The engine by its own word, in the model's terms and in production's.

use protocol::{EngineState, Identity, Kind, Member, Origin};

use crate::names::{address, digest, epoch, node_id, nonce, swarm_id};
use crate::set::Set;
use crate::world::{Id, Label, World};

/// Plain data, cheap to compare.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Engine {
    Inactive,
    Member {
        swarm: u8,
        life: u8,
        known: Set,
        control: Control,
    },
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Control {
    Worker,
    NoLeader,
    Manager { leader: bool, label: Label },
}

impl Engine {
    pub(crate) fn of(world: &World, me: Id) -> Self {
        let Some(place) = world.place(me) else {
            return Self::Inactive;
        };
        let control = match (place.raft, world.led(me)) {
            (None, _) => Control::Worker,
            (Some(_), None) => Control::NoLeader,
            (Some(raft), Some((_, lead))) => Control::Manager {
                leader: lead.leader == me,
                label: world.raft(raft).label,
            },
        };
        Self::Member {
            swarm: place.swarm,
            life: place.life,
            known: place.known,
            control,
        }
    }
}

impl Engine {
    /// The same, of a worker.
    pub(crate) fn as_worker(self) -> Self {
        match self {
            Self::Inactive => Self::Inactive,
            Self::Member {
                swarm, life, known, ..
            } => Self::Member {
                swarm,
                life,
                known,
                control: Control::Worker,
            },
        }
    }
}

/// As production sees it.
pub(crate) fn state(me: Id, engine: Engine) -> EngineState {
    let Engine::Member {
        swarm,
        life,
        known,
        control,
    } = engine
    else {
        return EngineState::Inactive;
    };
    let identity = Identity {
        locks: false,
        node_id: Some(node_id(me, life)),
        swarm_id: Some(swarm_id(swarm)),
        ca_digest: Some(digest(swarm)),
        managers: known.iter().map(address).collect(),
    };
    let control = match control {
        Control::Worker => protocol::Control::Worker,
        Control::NoLeader => protocol::Control::NoLeader(String::new()),
        Control::Manager { leader, label } => protocol::Control::Manager {
            leader,
            origin: Some(Origin {
                epoch: epoch(label.epoch),
                nonce: nonce(label.owner, label.epoch),
            }),
        },
    };
    EngineState::Active(Member { identity, control })
}

/// An engine of this kind, with nothing else in it.
pub(crate) fn bland(kind: Kind) -> EngineState {
    let control = match kind {
        Kind::Worker => protocol::Control::Worker,
        Kind::NoLeader => protocol::Control::NoLeader(String::new()),
        Kind::Manager => protocol::Control::Manager {
            leader: false,
            origin: None,
        },
        _ => return EngineState::Inactive,
    };
    EngineState::Active(Member {
        identity: Identity::default(),
        control,
    })
}
