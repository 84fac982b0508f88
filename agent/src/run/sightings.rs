//! What EC2 has said of instances, and when.

use std::collections::BTreeMap;

use protocol::{Fleet, Life, Moment, Series, Whereabouts, pace};

/// By instance id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Sightings(BTreeMap<String, Series<Life>>);

impl Sightings {
    /// Notes an answer. One that comes right after another is the same look.
    pub(super) fn see(&mut self, id: &str, life: Life, now: Moment) {
        let life = self.settled(id, life);
        let mut seen = self.0.remove(id);
        Series::see(&mut seen, life, Life::eq, pace::FLEET_SERIES, now);
        self.0.extend(seen.map(|seen| (id.to_owned(), seen)));
    }

    /// EC2 forgets the terminated after a while: that it no longer knows one says the same again.
    fn settled(&self, id: &str, life: Life) -> Life {
        match (self.0.get(id).map(Series::value), life) {
            (Some(Life::Terminated), Life::Absent) => Life::Terminated,
            _ => life,
        }
    }

    /// As facts with their ages.
    pub(super) fn fleet(&self, now: Moment) -> Fleet {
        let facts = self.0.iter().map(|(id, seen)| {
            let whereabouts = Whereabouts {
                life: *seen.value(),
                age: seen.age(now),
                looks: seen.looks(),
                lasted: seen.lasted(),
            };
            (id.clone(), whereabouts)
        });
        Fleet(facts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ec2_has_forgotten_stays_terminated() {
        let mut seen = Sightings::default();
        let mut now = Moment {
            up: pace::FLEET_GAP,
            unix: 0,
            random: 0,
        };
        for life in [Life::Terminated, Life::Absent, Life::Absent] {
            seen.see("i-1", life, now);
            now.up += pace::FLEET_GAP;
        }
        assert!(seen.fleet(now).is_gone("i-1"));
        seen.see("i-2", Life::Alive, now);
        seen.see("i-2", Life::Absent, now);
        assert_eq!(seen.fleet(now).life("i-2"), Some(Life::Absent));
    }
}
