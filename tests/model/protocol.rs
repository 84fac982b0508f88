//! The model: agents, engines and an adversary, step by step.

use std::fmt;

use stateright::{Model, Property};

use crate::adversary::{self, crash, evict, pay, publish_early, terminate};
use crate::effects::Fate;
use crate::properties;
use crate::variant::Variant;
use crate::view::{Step, View, steps};
use crate::world::{Doing, Id, Node, World};

/// The protocol, from a state on.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) start: World,
    pub(crate) variant: Variant,
}

/// What happens next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// An agent looks, decides and takes a step, or the first part of it.
    Step(Id, Step, Fate),
    /// It takes the next part.
    GoOn(Id, Fate),
    /// An engine finds its swarm's new managers by itself.
    ComeBack(Id),
    /// The link is there again.
    Mend,
    /// An agent ends and is started again.
    Crash(Id),
    /// EC2 terminates an instance.
    Terminate(Id),
    /// A node reaches no other any more, but AWS.
    Cut(Id),
    /// An operator removes a worker by force.
    Evict(Id),
    /// A ticket is published before its time (a fault).
    PublishEarly(Id),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(id, step, Fate::Good) => write!(f, "node {id}: {step:?}"),
            Self::Step(id, Step::Serve { leader: true }, Fate::Lost) => {
                write!(
                    f,
                    "node {id}: Serve {{ leader: true }}, by the ticket as known"
                )
            }
            Self::Step(id, step, fate) => write!(f, "node {id}: {step:?}, {fate:?}"),
            Self::GoOn(id, Fate::Good) => write!(f, "node {id} goes on"),
            event => write!(f, "{event:?}"),
        }
    }
}

impl Event {
    /// Whether it is the adversary's doing.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Self::Step(_, step, fate) => {
                let cached = fate == Fate::Lost && step == Step::Serve { leader: true };
                fate != Fate::Good && !cached
            }
            Self::GoOn(_, fate) => fate != Fate::Good,
            Self::ComeBack(_) | Self::Mend => false,
            _ => true,
        }
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        vec![self.start.clone()]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        // What follows on a broken rule proves nothing more.
        if self.variant == Variant::Production && !world.history.broken.is_empty() {
            return;
        }
        for (id, node) in (0..).zip(&world.nodes).filter(|(_, node)| !node.dead) {
            self.agent(world, id, node, events);
            adversary::faults(world, id, node, events);
            if self.variant == Variant::PublishesFirst && node.doing.is_none() {
                events.push(Event::PublishEarly(id));
            }
        }
        if world.cut.is_some() {
            events.push(Event::Mend);
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        self.happen(&mut next, event);
        next.settle();
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl Node {
    /// Beside the membership.
    fn has_more_to_forget(&self) -> bool {
        !self.disk.peers.is_empty() || self.disk.forced.is_some()
    }
}

/// How a step may go, as far as it makes a difference and the budget allows.
fn fates(world: &World, node: &Node, step: Step) -> impl Iterator<Item = Fate> + use<> {
    let budget = world.budget;
    let older = budget.stale > 0 && world.earlier != world.ticket && node.mind.gone.is_empty();
    let (lost, stale, torn) = match step {
        // "Lost" is no loss here: the leader goes by what it has read or written before.
        Step::Serve { leader: true } => (node.mind.ticket.is_some(), older, false),
        Step::ReadTicket => (false, older, false),
        Step::ReadRegisters(_) => (false, budget.stale > 0, false),
        Step::CreateClaim(_) | Step::DeclareFormed(_) | Step::PassOver(_) | Step::Join(_) => {
            (budget.lost > 0, false, false)
        }
        Step::Remember(_) => (
            false,
            false,
            budget.crashes > 0 && node.disk.forced.is_some(),
        ),
        _ => (false, false, false),
    };
    let possible = [
        (true, Fate::Good),
        (lost, Fate::Lost),
        (stale, Fate::Stale),
        (
            stale && matches!(step, Step::ReadRegisters(_)),
            Fate::Skewed,
        ),
        (torn, Fate::Torn),
    ];
    possible
        .into_iter()
        .filter_map(|(possible, fate)| possible.then_some(fate))
}

impl Protocol {
    /// What a node's agent and engine may do.
    fn agent(&self, world: &World, id: Id, node: &Node, events: &mut Vec<Event>) {
        if let Some(doing) = node.doing {
            events.push(Event::GoOn(id, Fate::Good));
            if doing == Doing::Forget && world.budget.crashes > 0 && node.has_more_to_forget() {
                events.push(Event::GoOn(id, Fate::Torn));
            }
        } else {
            for step in steps(&self.view(world, id)).iter().copied() {
                events.extend(fates(world, node, step).map(|fate| Event::Step(id, step, fate)));
            }
        }
        if node.place.is_some_and(|place| place.raft.is_some()) && world.led(id).is_none() {
            events.push(Event::ComeBack(id));
        }
    }

    fn view(&self, world: &World, id: Id) -> View {
        let mut view = View::of(world, id);
        view.mind.ticket_after_word |= self.variant == Variant::TrustsOldTicket;
        view
    }

    fn happen(&self, world: &mut World, event: Event) {
        match event {
            Event::Step(id, step, fate) => {
                pay(world, step, fate);
                world.take(id, step, fate, self.variant);
            }
            Event::GoOn(id, fate) => {
                world.budget.crashes -= u8::from(fate == Fate::Torn);
                world.go_on(id, fate, self.variant);
            }
            Event::ComeBack(id) => drop(world.come_back(id)),
            Event::Mend => world.cut = None,
            Event::Crash(id) => crash(world, id),
            Event::Terminate(id) => terminate(world, id),
            Event::Cut(id) => {
                world.budget.cuts -= 1;
                world.cut = Some(id);
            }
            Event::Evict(id) => evict(world, id),
            Event::PublishEarly(id) => publish_early(world, id),
        }
    }
}
