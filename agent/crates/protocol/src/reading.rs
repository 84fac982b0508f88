//! What came of a question, and when: answers over time, and one of them as a round sees it.

use std::fmt;
use std::time::Duration;

use crate::time::{Moment, SERIES, Series};

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
        Self::see(slot, answer, same, SERIES, now);
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
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Trouble {
    /// A person has to allow it.
    Denied(String),
    /// AWS is busy: ask later.
    Throttled(String),
    /// No answer, or none that can be understood.
    Failed(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Denied(text) | Self::Throttled(text) | Self::Failed(text)) = self;
        f.write_str(text)
    }
}
