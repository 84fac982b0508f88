//! A change that was made and is wanted again had no effect, or somebody undoes it: it is made again
//! after a gap that doubles, so that no input keeps the leader busy.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::pace::{Gaps, IN_A_ROW, remaining};
use crate::{Moment, Series, Spacing};

/// A change that was made this long ago counts for no later one.
const FORGOTTEN: Duration = Duration::from_mins(30);
const REPEATS: Spacing = Spacing {
    apart: Duration::ZERO,
    breaks: FORGOTTEN,
};

/// The changes that were made lately, each by a word for all of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Repeats(BTreeMap<String, Series<()>>);

impl Repeats {
    /// Whether a change may be made now; if not, how long until then.
    pub fn hold(&self, change: &str, now: Moment) -> Option<Duration> {
        let made = self.0.get(change)?;
        remaining(Gaps::REPEAT.after(made.looks()), made.age(now))
    }

    /// Notes that a change was made.
    pub fn made(&mut self, change: String, now: Moment) {
        self.0.retain(|_, made| made.age(now) < FORGOTTEN);
        let mut made = self.0.remove(&change);
        Series::see(&mut made, (), |(), ()| true, REPEATS, now);
        self.0.extend(made.map(|made| (change, made)));
    }
}

/// For how long what is waited for has stayed as it is: the longer, the less often it is looked at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stillness<T> {
    seen: Option<Series<T>>,
}

impl<T: PartialEq> Stillness<T> {
    /// Notes what is seen; says how long to wait before the next look: a twentieth of the time for which
    /// it has been so, between `first` and `most`.
    pub fn look(&mut self, seen: T, first: Duration, most: Duration, now: Moment) -> Duration {
        Series::see(&mut self.seen, seen, T::eq, IN_A_ROW, now);
        let lasted = self.seen.as_ref().map(Series::lasted);
        (lasted.unwrap_or_default() / 20).clamp(first, most)
    }

    /// Nothing is waited for.
    pub fn over(&mut self) {
        self.seen = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(up: Duration) -> Moment {
        Moment {
            up,
            unix: 0,
            random: 0,
        }
    }

    #[test]
    fn the_same_change_is_made_less_and_less_often() {
        let mut repeats = Repeats::default();
        let (mut now, mut made) = (Duration::ZERO, 0);
        while now < Duration::from_hours(1) {
            if repeats.hold("a", at(now)).is_none() {
                repeats.made("a".into(), at(now));
                made += 1;
            }
            assert_eq!(
                repeats.hold("b", at(now)),
                None,
                "another change waits for none"
            );
            now += SECOND;
        }
        assert!((10..=20).contains(&made), "{made} in an hour");
        now += Duration::from_hours(1);
        repeats.made("b".into(), at(now));
        assert_eq!(repeats.hold("a", at(now)), None);
        assert_eq!(repeats.0.len(), 1, "what is long past is forgotten");
    }

    #[test]
    fn what_stays_as_it_is_is_looked_at_less_and_less_often() {
        let mut still = Stillness::default();
        let mut look = |seen: u8, at: u64| {
            let most = Duration::from_secs(30);
            let now = self::at(Duration::from_secs(at));
            still.look(seen, SECOND, most, now).as_secs()
        };
        assert_eq!((look(1, 0), look(1, 20), look(1, 100)), (1, 1, 5));
        assert_eq!((look(1, 9_000), look(2, 9_001)), (30, 1));
    }
}
