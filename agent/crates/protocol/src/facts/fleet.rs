//! EC2's word about instances, and when it counts.

use std::collections::BTreeMap;
use std::time::Duration;

use strum::IntoStaticStr;

use crate::pace;

/// An instance's life, by EC2's word.
#[derive(Clone, Copy, Debug, Eq, Hash, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "lowercase")]
pub enum Life {
    /// `pending` or `running`.
    Alive,
    /// `stopping` or `stopped`: it may come back, with the same address.
    Stopped,
    /// `shutting-down` or `terminated`: it never comes back.
    Terminated,
    /// Not in an answer that did hold this node's own instance.
    Absent,
}

impl Life {
    /// Its name, as the status file has it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What EC2 said of one instance, and how often in a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Whereabouts {
    /// Its last word.
    pub life: Life,
    /// How long ago.
    pub age: Duration,
    /// How many times in a row, answers at least [`pace::FLEET_GAP`] apart.
    pub looks: u32,
    /// For how long.
    pub lasted: Duration,
}

impl Whereabouts {
    /// Whether the instance is gone for good. EC2 answers late and loses the tags of terminated
    /// instances early: one answer is not enough, and an absence has to last.
    pub fn is_gone(&self) -> bool {
        match self.life {
            Life::Terminated => self.looks >= 2,
            Life::Absent => self.looks >= 3 && self.lasted >= pace::ABSENCE,
            Life::Alive | Life::Stopped => false,
        }
    }

    /// Whether it is time to ask again: soon while the answer is new, then seldom.
    pub fn is_due(&self) -> bool {
        pace::remaining(
            pace::Gaps::FLEET.after(self.looks.saturating_sub(1)),
            self.age,
        )
        .is_none()
    }
}

/// EC2's word about the instances it was asked about, by instance id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fleet(pub BTreeMap<String, Whereabouts>);

impl Fleet {
    /// Those of `ids` that EC2 should be asked about now.
    pub fn due<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let due = |id: &&str| self.0.get(*id).is_none_or(Whereabouts::is_due);
        ids.into_iter().filter(due).map(str::to_owned).collect()
    }

    /// Whether EC2 says that an instance is gone for good.
    pub fn is_gone(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(Whereabouts::is_gone)
    }

    /// Whether what was read `age` ago may be older than the end of one of `ids`: EC2's last word of
    /// it came later.
    pub fn may_predate<'a>(&self, age: Duration, ids: impl IntoIterator<Item = &'a str>) -> bool {
        let seen = ids.into_iter().filter_map(|id| self.0.get(id));
        seen.filter(|seen| seen.is_gone())
            .any(|seen| age > seen.age)
    }

    /// An instance's life by the last answer, if there was one.
    pub fn life(&self, id: &str) -> Option<Life> {
        self.0.get(id).map(|seen| seen.life)
    }

    /// How long until one of `ids` is due.
    pub fn due_in<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Option<Duration> {
        let left = |id: &str| {
            let seen = self.0.get(id)?;
            pace::remaining(
                pace::Gaps::FLEET.after(seen.looks.saturating_sub(1)),
                seen.age,
            )
        };
        ids.into_iter().map(|id| left(id).unwrap_or_default()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(life: Life, looks: u32, lasted: u64) -> Whereabouts {
        Whereabouts {
            life,
            age: Duration::ZERO,
            looks,
            lasted: Duration::from_secs(lasted),
        }
    }

    #[test]
    fn one_answer_is_never_enough_and_an_absence_has_to_last() {
        for (word, gone) in [
            (seen(Life::Terminated, 1, 0), false),
            (seen(Life::Terminated, 2, 10), true),
            (seen(Life::Absent, 3, 599), false),
            (seen(Life::Absent, 2, 601), false),
            (seen(Life::Absent, 3, 600), true),
            (seen(Life::Stopped, 99, 9999), false),
            (seen(Life::Alive, 99, 9999), false),
        ] {
            assert_eq!(word.is_gone(), gone, "{word:?}");
        }
    }
}
