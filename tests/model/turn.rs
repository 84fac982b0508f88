//! All that production may do next, with what it knows and an engine as it is.
//!
//! There is no clock. Whatever has an age is shown both as "just now" and as "long ago", each
//! combination of them, and every step that any of them leads to is possible.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use protocol::node::{Event, Next, Node, Step};
use protocol::{Action, Moment};

use crate::ages::{self, aged, profiles};
use crate::departures::Notice;
use crate::engine_view::Engine;
use crate::heard::{self, Heard};
use crate::minds::{Disk, Mind};
use crate::world::Id;

/// One step.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Turn {
    pub(crate) action: Action,
    /// Of a member's round: it leads.
    pub(crate) leads: bool,
    /// The look at the engine that it rests on.
    pub(crate) engine: Engine,
    /// What is known before it, with that look.
    pub(crate) mind: Mind,
    /// What is on disk before it.
    pub(crate) disk: Disk,
    /// Of a departure's: its time is up.
    pub(crate) is_due: bool,
}

/// Where a round begins.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Begin {
    pub(crate) me: Id,
    pub(crate) mind: Mind,
    pub(crate) disk: Disk,
    pub(crate) notice: Option<Notice>,
    pub(crate) look: Look,
}

/// A look at the engine.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Look {
    /// Of this round.
    Now(Engine),
    /// Of a round just before, after which there was a question to somebody else: this one rests on it as well, where it
    /// may.
    Before(Engine),
}

type Known = Mutex<HashMap<Begin, Arc<[Arc<Turn>]>>>;

/// The steps that production may choose. The same few minds come back in very many states.
pub(crate) fn turns(key: Begin) -> Arc<[Arc<Turn>]> {
    static KNOWN: LazyLock<Known> = LazyLock::new(Known::default);
    if let Some(turns) = KNOWN.lock().expect("no panic").get(&key) {
        return turns.clone();
    }
    let turns = possible(key);
    let mut known = KNOWN.lock().expect("no panic");
    known.entry(key).or_insert(turns).clone()
}

fn possible(begin: Begin) -> Arc<[Arc<Turn>]> {
    let Begin { me, look, .. } = begin;
    let (Look::Now(engine) | Look::Before(engine)) = look;
    let noticed = begin.mind.hear(begin.disk, me, Heard::Notice(begin.notice));
    let (mind, disk) = (noticed.mind, noticed.disks[noticed.disks.len() - 1]);
    let known = mind.node();
    let looked = mind.hear(disk, me, Heard::Engine(engine)).mind;
    let order = looked.order;
    let Some(first) = step(
        me,
        aged(&known, order, ages::NEW),
        Look::Now(engine),
        ages::NOW,
    ) else {
        unreachable!("it has just looked");
    };
    let lasts = known.kind() == looked.kind();
    let mut turns: Vec<Arc<Turn>> = Vec::new();
    for profile in profiles(&first.seen, order, lasts) {
        let Some(step) = step(me, aged(&known, order, profile), look, profile.now()) else {
            continue;
        };
        let Step { decision, .. } = *step;
        let turn = Turn {
            engine,
            action: timeless(decision.action),
            leads: decision.reason.leads(),
            mind: looked,
            disk,
            is_due: profile.is_due(),
        };
        if turns.iter().all(|known| **known != turn) {
            turns.push(Arc::new(turn));
        }
    }
    turns.into()
}

/// A round of production's, after a look at the engine; none where it wants one of its own.
fn step(me: Id, mut node: Node, look: Look, now: Moment) -> Option<Box<Step>> {
    let (Look::Now(engine) | Look::Before(engine)) = look;
    heard::tell(&mut node, me, Heard::Engine(engine));
    if let Look::Before(_) = look {
        node.learn(Event::Round, ages::NOW);
    }
    match node.next(now) {
        Next::Do(step) => Some(step),
        Next::Look { .. } => None,
    }
}

/// How long a pause is makes no difference.
fn timeless(action: Action) -> Action {
    match action {
        Action::Wait(_) => Action::Wait(std::time::Duration::ZERO),
        Action::Serve(_) => Action::Serve(std::time::Duration::ZERO),
        action => action,
    }
}
