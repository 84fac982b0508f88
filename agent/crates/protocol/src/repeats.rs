//! A change that was made and is wanted again had no effect, or somebody undoes it: it is made again
//! after a gap that doubles, so that no input keeps the leader busy.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pace::{Gaps, remaining};

/// A change that was made this long ago counts for no later one.
const FORGOTTEN: Duration = Duration::from_mins(30);

/// The changes that were made lately, each by a word for all of it. Times are since some moment.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Repeats(BTreeMap<String, (Duration, u32)>);

impl Repeats {
    /// Whether a change may be made now; if not, how long until then.
    pub fn hold(&self, change: &str, now: Duration) -> Option<Duration> {
        let (at, times) = self.0.get(change)?;
        remaining(Gaps::REPEAT.after(*times), now.saturating_sub(*at))
    }

    /// Notes that a change was made.
    pub fn made(&mut self, change: String, now: Duration) {
        self.0
            .retain(|_, (at, _)| now.saturating_sub(*at) < FORGOTTEN);
        let (at, times) = self.0.entry(change).or_insert((now, 0));
        (*at, *times) = (now, times.saturating_add(1));
    }
}

/// For how long what is waited for has stayed as it is: the longer, the less often it is looked at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stillness<T> {
    seen: Option<(T, Duration)>,
}

impl<T: PartialEq> Stillness<T> {
    /// Notes what is seen; says how long to wait before the next look: a twentieth of the time for which
    /// it has been so, between `first` and `most`.
    pub fn look(&mut self, seen: T, first: Duration, most: Duration, now: Duration) -> Duration {
        let since = match &self.seen {
            Some((before, since)) if *before == seen => *since,
            _ => now,
        };
        self.seen = Some((seen, since));
        (now.saturating_sub(since) / 20).clamp(first, most)
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

    #[test]
    fn the_same_change_is_made_less_and_less_often() {
        let mut repeats = Repeats::default();
        let (mut now, mut made) = (Duration::ZERO, 0);
        while now < Duration::from_hours(1) {
            if repeats.hold("a", now).is_none() {
                repeats.made("a".into(), now);
                made += 1;
            }
            assert_eq!(
                repeats.hold("b", now),
                None,
                "another change waits for none"
            );
            now += SECOND;
        }
        assert!((10..=20).contains(&made), "{made} in an hour");
        now += Duration::from_hours(1);
        repeats.made("b".into(), now);
        assert_eq!(repeats.hold("a", now), None);
        assert_eq!(repeats.0.len(), 1, "what is long past is forgotten");
    }

    #[test]
    fn what_stays_as_it_is_is_looked_at_less_and_less_often() {
        let mut still = Stillness::default();
        let mut look = |seen: u8, at: u64| {
            let most = Duration::from_secs(30);
            still
                .look(seen, SECOND, most, Duration::from_secs(at))
                .as_secs()
        };
        assert_eq!((look(1, 0), look(1, 20), look(1, 100)), (1, 1, 5));
        assert_eq!((look(1, 9_000), look(2, 9_001)), (30, 1));
    }
}
