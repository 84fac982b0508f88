//! What a round saw: plain data, ages instead of clocks.

use std::time::Duration;

use super::departure::Departing;
use super::{
    EngineState, Epoch, Fleet, Holder, JoinFailure, Membership, Moment, Peer, Probed, Recovery,
    Registers, Role, Series, Standing, Ticket, pace,
};

/// Everything a decision may rest on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Observation {
    /// This instance.
    pub instance_id: String,
    /// This node's role, from its tags.
    pub role: Role,
    /// The engine, by its own word.
    pub engine: EngineState,
    /// How long the engine has been of this kind, by this agent's watch.
    pub since: Duration,
    /// What this node remembers of its own joining.
    pub membership: Option<Membership>,
    /// The managers of this node's swarm, as it saw them last while there was a leader.
    pub peers: Vec<Peer>,
    /// The epoch under whose claim this node has forced a new cluster out of its old one, if it
    /// has: on disk from before the act until that epoch is remembered.
    pub forced: Option<Epoch>,
    /// The ticket, as last read.
    pub ticket: Option<Reading<Option<Ticket>>>,
    /// The registers of one epoch, as last read.
    pub registers: Option<Reading<Registers>>,
    /// The ticket's managers, as last probed.
    pub managers: Option<Reading<Vec<Probed>>>,
    /// What the managers that this node knows say of it.
    pub standing: Option<Standing>,
    /// The last attempt to join, while the engine is in no swarm.
    pub join: Option<JoinFailure>,
    /// The last attempt to unlock the engine.
    pub unlock: Option<Reading<()>>,
    /// How long ago this agent took the engine out of a swarm.
    pub left: Option<Duration>,
    /// How long ago this node last did what cannot be undone: left a swarm it belonged to, forced
    /// a new cluster, restarted its engine. From disk: a restart of the agent does not forget it.
    pub acted: Option<Duration>,
    /// How it stands with the other node whose claim this one waits for.
    pub holder: Holder,
    /// EC2's word about the instances it was asked about.
    pub fleet: Fleet,
    /// Whether a lost majority may be recovered by force.
    pub recovery: Recovery,
    /// This node's departure, if it departs.
    pub departure: Option<Departing>,
}

/// The answer to a question asked some time ago, and how often it was asked in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading<T> {
    /// The answer.
    pub value: Result<T, Trouble>,
    /// How long ago.
    pub age: Duration,
    /// How many answers of this kind in a row. Gaps grow with it.
    pub looks: u32,
    /// How long answers have been of this kind.
    pub lasted: Duration,
    /// What it waits where AWS had too many requests.
    pub turn: Turn,
}

/// When a node asks again whom AWS has refused for too many requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Turn {
    /// After a part of the gap, in thousandths, that it has drawn with the refusal: nodes that were refused together
    /// do not ask together again.
    Drawn(u16),
    /// Soon, the first times: there are few such nodes, and all others wait for them. Or it is held back otherwise.
    Soon,
}

impl Default for Turn {
    fn default() -> Self {
        Self::Drawn(1000)
    }
}

impl<T> Reading<T> {
    /// The answer, if there was one.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref().ok()
    }

    /// The same, with another answer.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Reading<U> {
        Reading {
            value: self.value.map(change),
            age: self.age,
            looks: self.looks,
            lasted: self.lasted,
            turn: self.turn,
        }
    }
}

/// What came of a question.
pub type Answer<T> = Result<T, Trouble>;

impl<T> Series<Answer<T>> {
    /// Notes an answer. Gaps grow while answers stay of the same kind, as any two are that are none, and start again when
    /// the kind changes, or when nobody has asked for a while.
    pub fn hear(
        slot: &mut Option<Self>,
        answer: Answer<T>,
        same_kind: impl FnOnce(&T, &T) -> bool,
        now: Moment,
    ) {
        let same = |old: &Answer<T>, new: &Answer<T>| match (old, new) {
            (Ok(old), Ok(new)) => same_kind(old, new),
            (Err(_), Err(_)) => true,
            _ => false,
        };
        Self::see(slot, answer, same, pace::SERIES, now);
    }

    /// The answer, if the last look gave one.
    pub fn answer(&self) -> Option<&T> {
        self.value().as_ref().ok()
    }

    /// As a round sees it.
    pub fn reading(&self, now: Moment) -> Reading<T>
    where
        T: Clone,
    {
        Reading {
            value: self.value().clone(),
            age: self.age(now),
            looks: self.looks(),
            lasted: self.lasted(),
            turn: Turn::Drawn(self.random().saturating_add(1)),
        }
    }
}

/// Why a question had no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// A person has to allow it.
    Denied(String),
    /// AWS is busy: ask later.
    Throttled(String),
    /// No answer, or none that can be understood.
    Failed(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Denied(text) | Self::Throttled(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}
