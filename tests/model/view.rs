//! What one node's round rests on, and all that the production decision may make of it.
//!
//! There is no clock. Whatever has an age is shown both as "just now" and as "long ago", each
//! combination of them, and every step that any of them leads to is possible.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use protocol::{Action, Decision, decide};

use crate::names::{instance_of, node_of};
use crate::observe::observation;
use crate::profile::{Profile, profiles};
use crate::set::Set;
use crate::world::{Disk, Id, Label, Mind, Number, World};

/// Plain data, cheap to compare.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct View {
    pub(crate) me: Id,
    pub(crate) manager: bool,
    pub(crate) engine: Engine,
    pub(crate) disk: Disk,
    pub(crate) mind: Mind,
}

/// The engine by its own word.
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

/// A step of the decision's, in the model's terms. Waiting is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Serve { leader: bool },
    ReadTicket,
    ReadRegisters(Number),
    CreateClaim(Number),
    InitSwarm(Number),
    Recover(Number),
    MarkEpoch(Number),
    DeclareFormed(Number),
    PassOver(Number),
    AskFleet(Set),
    AskStanding,
    Probe,
    Join(Id),
    Remember(Number),
    Leave,
}

impl View {
    pub(crate) fn of(world: &World, me: Id) -> Self {
        let node = &world.nodes[usize::from(me)];
        Self {
            me,
            manager: node.manager,
            engine: engine(world, me),
            disk: node.disk,
            mind: node.mind,
        }
    }

    /// A manager that reaches no leader.
    pub(crate) fn has_no_leader(&self) -> bool {
        let Engine::Member { control, .. } = self.engine else {
            return false;
        };
        control == Control::NoLeader
    }
}

fn engine(world: &World, me: Id) -> Engine {
    let Some(place) = world.place(me) else {
        return Engine::Inactive;
    };
    let control = match (place.raft, world.led(me)) {
        (None, _) => Control::Worker,
        (Some(_), None) => Control::NoLeader,
        (Some(raft), Some((_, lead))) => Control::Manager {
            leader: lead.leader == me,
            label: world.raft(raft).label,
        },
    };
    Engine::Member {
        swarm: place.swarm,
        life: place.life,
        known: place.known,
        control,
    }
}

type Known = Mutex<HashMap<View, Arc<[Step]>>>;

/// The steps that the production decision may choose on this view. The same few views come back
/// in very many states.
pub(crate) fn steps(view: &View) -> Arc<[Step]> {
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    if let Some(steps) = KNOWN.lock().expect("no panic").get(view) {
        return steps.clone();
    }
    let steps = decided(view);
    let mut known = KNOWN.lock().expect("no panic");
    known.entry(*view).or_insert(steps).clone()
}

fn decided(view: &View) -> Arc<[Step]> {
    let mut steps = Vec::new();
    for profile in profiles(view) {
        let step = one(view, profile);
        steps.extend(step.filter(|step| !steps.contains(step)));
    }
    steps.into()
}

fn one(view: &View, profile: Profile) -> Option<Step> {
    let Decision { action, reason } = decide(&observation(view, profile));
    let number = |epoch: protocol::Epoch| u8::try_from(epoch.number()).expect("few epochs");
    Some(match action {
        Action::Wait(_) => return None,
        Action::Serve(_) => Step::Serve {
            leader: reason.leads(),
        },
        Action::ReadTicket => Step::ReadTicket,
        Action::ReadRegisters(epoch) => Step::ReadRegisters(number(epoch)),
        Action::CreateClaim(epoch) => Step::CreateClaim(number(epoch)),
        Action::InitSwarm(epoch) => Step::InitSwarm(number(epoch)),
        Action::Recover(epoch) => Step::Recover(number(epoch)),
        Action::MarkEpoch(epoch) => Step::MarkEpoch(number(epoch)),
        Action::DeclareFormed(epoch) => Step::DeclareFormed(number(epoch)),
        Action::PassOver(epoch) => Step::PassOver(number(epoch)),
        Action::AskFleet(ids) => Step::AskFleet(ids.iter().map(|id| instance_of(id)).collect()),
        Action::AskStanding => Step::AskStanding,
        Action::Probe => Step::Probe,
        Action::Join(address) => Step::Join(node_of(address)),
        Action::Remember(epoch) => Step::Remember(number(epoch)),
        Action::Leave => Step::Leave,
        Action::Unlock | Action::RestartEngine | Action::ClearSwarm => {
            unreachable!("no such engine in the model")
        }
        Action::Announce
        | Action::Mark
        | Action::Retract
        | Action::CountTasks
        | Action::Depart
        | Action::ListHooks
        | Action::Heartbeat
        | Action::CompleteLifecycle => unreachable!("nobody departs in the model"),
    })
}
