//! Time as the protocol sees it: a moment is handed in, and what was seen keeps its stamps.
//!
//! All that is known over time is plain data: the same facts and the same moment give the same decision, whenever that is.

use std::time::Duration;

/// Some moment, as the shell's clocks tell it. Nothing in this crate asks for one.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Moment {
    /// Since the machine's boot, in full precision; it goes on while the machine is suspended (`CLOCK_BOOTTIME`).
    pub up: Duration,
    /// The wall clock, in seconds since the Unix epoch: deadlines and certificates have no other.
    pub unix: u64,
    /// A lot, below [`Moment::LOTS`], drawn anew for each moment: so that nodes do not move in step.
    pub random: u16,
}

impl Moment {
    /// How many lots there are.
    pub const LOTS: u16 = 1000;

    /// The mark of this moment.
    pub fn stamp(self) -> Stamp {
        Stamp(self.up)
    }

    /// The mark of what was so long ago. What was before this boot counts as having been at its begin.
    pub fn ago(self, age: Duration) -> Stamp {
        Stamp(self.up.saturating_sub(age))
    }

    /// The mark of what is to come.
    pub fn after(self, time: Duration) -> Stamp {
        Stamp(self.up.saturating_add(time))
    }
}

/// When something was, or is to be, in this boot of the machine.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Stamp(Duration);

impl Stamp {
    /// The boot of the machine.
    pub const START: Self = Self(Duration::ZERO);

    /// How long ago that was; no time at all where it is still to come.
    pub fn age(self, now: Moment) -> Duration {
        now.up.saturating_sub(self.0)
    }

    /// How long after another mark that was.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How long until then; `None` when it has come.
    pub fn left(self, now: Moment) -> Option<Duration> {
        let left = self.0.checked_sub(now.up)?;
        (!left.is_zero()).then_some(left)
    }
}

/// Which looks make one series.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spacing {
    /// Looks that are closer than this are one.
    pub apart: Duration,
    /// Looks that are farther apart than this say nothing about the time between them. A machine that was suspended
    /// has looked at nothing meanwhile.
    pub breaks: Duration,
}

/// Looks that are one series: answers further apart than two minutes say nothing about the time between them.
pub const SERIES: Spacing = Spacing {
    apart: Duration::ZERO,
    breaks: Duration::from_mins(2),
};
/// Tries in a row: whatever time is between them, how many there were is all that counts.
pub const IN_A_ROW: Spacing = Spacing {
    apart: Duration::ZERO,
    breaks: Duration::MAX,
};

/// When something was seen first and last, and how often.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Span {
    /// The first look.
    pub first: Stamp,
    /// The last one.
    pub last: Stamp,
    /// How many there were.
    pub looks: u32,
}

impl Span {
    /// That of a single time.
    pub fn of(at: Stamp) -> Self {
        Self {
            first: at,
            last: at,
            looks: 1,
        }
    }
}

/// What was seen, since when it has been so, and how often in a row.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Series<T> {
    value: T,
    first: Stamp,
    last: Stamp,
    looks: u32,
    random: u16,
}

impl<T> Series<T> {
    /// What is seen for the first time.
    pub fn new(value: T, now: Moment) -> Self {
        Self {
            value,
            first: now.stamp(),
            last: now.stamp(),
            looks: 1,
            random: now.random,
        }
    }

    /// Notes what is seen now. The series goes on where that is the same as before and was looked at not long ago; its value
    /// is the newest one all the same.
    pub fn see(
        slot: &mut Option<Self>,
        value: T,
        same: impl FnOnce(&T, &T) -> bool,
        spacing: Spacing,
        now: Moment,
    ) {
        let before = slot
            .take()
            .filter(|seen| seen.last.age(now) <= spacing.breaks && same(&seen.value, &value));
        *slot = Some(match before {
            None => Self::new(value, now),
            Some(seen) if seen.last.age(now) < spacing.apart => Self { value, ..seen },
            Some(seen) => Self {
                first: seen.first,
                looks: seen.looks.saturating_add(1),
                ..Self::new(value, now)
            },
        });
    }

    /// The same, seen at other times.
    pub(crate) fn retime(&mut self, change: impl FnOnce(Span) -> Span) {
        let Span { first, last, looks } = change(Span {
            first: self.first,
            last: self.last,
            looks: self.looks,
        });
        (self.first, self.last, self.looks) = (first, last, looks);
    }

    /// What was seen last.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// How long ago the last look was.
    pub fn age(&self, now: Moment) -> Duration {
        self.last.age(now)
    }

    /// How far apart the first and the last look are: only for so long is it known to have been so.
    pub fn lasted(&self) -> Duration {
        self.last.0.saturating_sub(self.first.0)
    }

    /// For how long it has been so if nothing has changed since the last look, which has to be as recent as within a series.
    pub fn so_far(&self, spacing: Spacing, now: Moment) -> Duration {
        let age = self.age(now);
        let counts = age <= spacing.breaks;
        self.lasted() + if counts { age } else { Duration::ZERO }
    }

    /// How many looks there were.
    pub fn looks(&self) -> u32 {
        self.looks
    }

    /// The lot that was drawn with the last look.
    pub fn random(&self) -> u16 {
        self.random
    }

    /// The same series of something that follows from what was seen.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Series<U> {
        Series {
            value: change(self.value),
            first: self.first,
            last: self.last,
            looks: self.looks,
            random: self.random,
        }
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
