//! The model: agents, engines and an adversary, step by step.

use std::fmt;
use std::sync::Arc;

use protocol::Action;
use stateright::{Model, Property};

use crate::adversary::{self, crash, evict, pay, publish_early, terminate};
use crate::departures::{self, Meanwhile, Notice};
use crate::effects::Fate;
use crate::engine_view::Engine;
use crate::properties;
use crate::strangers::{self, Move};
use crate::turn::{Begin, Look, Turn, turns};
use crate::variant::Variant;
use crate::words::Word;
use crate::world::{Doing, Id, Node, World};

/// The protocol, from a state on.
#[derive(Clone, Debug)]
pub(crate) struct Protocol {
    pub(crate) start: World,
    pub(crate) variant: Variant,
}

/// What happens next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Event {
    /// An agent looks, decides and takes a step, or the first part of it.
    Step(Id, Arc<Turn>, Fate),
    /// It takes the next part.
    GoOn(Id, Fate),
    /// A leader's round goes on to its node list, with this word of EC2's.
    Tend(Id, Word),
    /// A stranger does something.
    Stranger(Move),
    /// An engine finds its swarm's new managers by itself.
    ComeBack(Id),
    /// AWS or an engine goes on by itself.
    Meanwhile(Id, Meanwhile),
    /// A node is to go, or to stay after all.
    Notice(Id, Option<Notice>),
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
            Self::Step(id, turn, fate) => {
                let (action, leads) = (&turn.action, turn.leads);
                match fate {
                    Fate::Good => write!(f, "node {id}: {action:?}, leads: {leads}"),
                    Fate::Lost if leads => {
                        write!(f, "node {id}: {action:?}, leads, by the ticket as known")
                    }
                    fate => write!(f, "node {id}: {action:?}, {fate:?}"),
                }
            }
            Self::GoOn(id, Fate::Good) => write!(f, "node {id} goes on"),
            event => write!(f, "{event:?}"),
        }
    }
}

impl Event {
    /// Whether it is the adversary's doing.
    pub(crate) fn is_fault(&self) -> bool {
        match self {
            Self::Step(_, turn, fate) => {
                let cached = *fate == Fate::Lost && turn.leads;
                *fate != Fate::Good && !cached
            }
            Self::GoOn(_, fate) => *fate != Fate::Good,
            Self::Tend(_, word) => word.is_fault(),
            Self::ComeBack(_) | Self::Meanwhile(..) | Self::Mend => false,
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
        events.extend(strangers::moves(world).into_iter().map(Event::Stranger));
        if world.cut.is_some() {
            events.push(Event::Mend);
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut next = world.clone();
        let possible = self.happen(&mut next, event);
        next.settle();
        (possible && next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

/// How a step may go, as far as it makes a difference and the budget allows.
fn fates(world: &World, turn: &Turn) -> impl Iterator<Item = Fate> + use<> {
    let budget = world.budget;
    let older = budget.stale > 0 && world.earlier != world.ticket && turn.mind.gone.is_empty();
    let (lost, stale) = match &turn.action {
        // "Lost" is no loss here: the leader goes by what it has read or written before.
        Action::Serve(_) if turn.leads => (turn.mind.node().ticket_read().is_some(), older),
        Action::ReadTicket => (false, older),
        Action::ReadRegisters(_) => (false, budget.stale > 0),
        Action::CreateClaim(_)
        | Action::DeclareFormed(_)
        | Action::PassOver(_)
        | Action::Join(_) => (budget.lost > 0, false),
        _ => (false, false),
    };
    let between_files = budget.crashes > 0 && matches!(turn.action, Action::Remember(_));
    let possible = [
        (true, Fate::Good),
        (lost, Fate::Lost),
        (stale, Fate::Stale),
        (
            stale && matches!(turn.action, Action::ReadRegisters(_)),
            Fate::Skewed,
        ),
        (between_files, Fate::Torn(1)),
    ];
    possible
        .into_iter()
        .filter_map(|(possible, fate)| possible.then_some(fate))
}

impl Protocol {
    /// What a node's agent and engine may do.
    fn agent(&self, world: &World, id: Id, node: &Node, events: &mut Vec<Event>) {
        if node.doing == Some(Doing::Tend) && world.admits {
            events.extend(world.words().map(|word| Event::Tend(id, word)));
        } else if let Some(doing) = node.doing {
            events.push(Event::GoOn(id, Fate::Good));
            let files = matches!(doing, Doing::Forget | Doing::Departed);
            if files && world.budget.crashes > 0 {
                events.extend([1, 2, 3].map(|files| Event::GoOn(id, Fate::Torn(files))));
            }
        } else {
            let (now, before) = (
                self.turns(world, id, node),
                Self::turns_without_look(node, id),
            );
            for turn in now.iter().chain(before.iter()) {
                events.extend(fates(world, turn).map(|fate| Event::Step(id, turn.clone(), fate)));
            }
        }
        events.extend(departures::possible(world, id).map(|what| Event::Meanwhile(id, what)));
        if node.place.is_some_and(|place| place.raft.is_some()) && world.led(id).is_none() {
            events.push(Event::ComeBack(id));
        }
    }

    fn turns(&self, world: &World, id: Id, node: &Node) -> Arc<[Arc<Turn>]> {
        let mut mind = node.mind;
        mind.order.ticket_after_word |= self.variant == Variant::TrustsOldTicket;
        turns(Begin {
            me: id,
            mind,
            disk: node.disk,
            notice: node.notice,
            look: Look::Now(self.engine(world, id, node)),
        })
    }

    fn engine(&self, world: &World, id: Id, node: &Node) -> Engine {
        let engine = Engine::of(world, id);
        let departs = self.variant == Variant::DepartsAsWorker && node.notice.is_some();
        if departs { engine.as_worker() } else { engine }
    }

    /// Those that rest on the look of the round before.
    fn turns_without_look(node: &Node, id: Id) -> Arc<[Arc<Turn>]> {
        match node.looked {
            Some(engine) => turns(Begin {
                me: id,
                mind: node.mind,
                disk: node.disk,
                notice: node.notice,
                look: Look::Before(engine),
            }),
            None => Arc::default(),
        }
    }

    /// Whether it could come to pass.
    fn happen(&self, world: &mut World, event: Event) -> bool {
        match event {
            Event::Step(id, turn, fate) => {
                pay(world, &turn, fate);
                return world.take(id, &turn, fate, self.variant);
            }
            Event::GoOn(id, fate) => {
                world.budget.crashes -= u8::from(fate != Fate::Good);
                return world.go_on(id, fate, self.variant);
            }
            Event::Tend(id, told) => {
                world.node(id).doing = None;
                world.tend(id, told, self.variant);
            }
            Event::Stranger(what) => return world.stranger(what),
            Event::ComeBack(id) => drop(world.come_back(id)),
            Event::Meanwhile(id, what) => world.meanwhile(id, what),
            Event::Notice(id, notice) => adversary::notify(world, id, notice),
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
        true
    }
}
