//! What EC2 has said of instances, and when.

use std::collections::BTreeMap;

use tokio::time::Instant;

use protocol::{Fleet, Life, Whereabouts, pace};

/// By instance id.
#[derive(Debug, Default)]
pub(super) struct Sightings(BTreeMap<String, Sighting>);

#[derive(Debug)]
struct Sighting {
    life: Life,
    at: Instant,
    first: Instant,
    looks: u32,
}

impl Sightings {
    /// Notes an answer. One that comes right after another is the same look.
    pub(super) fn see(&mut self, id: &str, life: Life) {
        let now = Instant::now();
        let life = self.settled(id, life);
        match self.0.get_mut(id) {
            Some(seen) if seen.life == life => {
                if now - seen.at >= pace::FLEET_GAP {
                    seen.looks = seen.looks.saturating_add(1);
                    seen.at = now;
                }
            }
            _ => {
                let sighting = Sighting {
                    life,
                    at: now,
                    first: now,
                    looks: 1,
                };
                self.0.insert(id.to_owned(), sighting);
            }
        }
    }

    /// EC2 forgets the terminated after a while: that it no longer knows one says the same again.
    fn settled(&self, id: &str, life: Life) -> Life {
        match (self.0.get(id).map(|seen| seen.life), life) {
            (Some(Life::Terminated), Life::Absent) => Life::Terminated,
            _ => life,
        }
    }

    /// As facts with their ages.
    pub(super) fn fleet(&self) -> Fleet {
        let facts = self.0.iter().map(|(id, seen)| {
            let whereabouts = Whereabouts {
                life: seen.life,
                age: seen.at.elapsed(),
                looks: seen.looks,
                lasted: seen.at - seen.first,
            };
            (id.clone(), whereabouts)
        });
        Fleet(facts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_ec2_has_forgotten_stays_terminated() {
        let mut seen = Sightings::default();
        for life in [Life::Terminated, Life::Absent, Life::Absent] {
            seen.see("i-1", life);
            tokio::time::advance(pace::FLEET_GAP).await;
        }
        assert!(seen.fleet().is_gone("i-1"));
        seen.see("i-2", Life::Alive);
        seen.see("i-2", Life::Absent);
        assert_eq!(seen.fleet().life("i-2"), Some(Life::Absent));
    }
}
