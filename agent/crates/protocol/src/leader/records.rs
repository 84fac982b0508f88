//! What the leader has read of managers' own records: see [`crate::NodeRecord`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::pace::Gaps;
use crate::{Answer, Moment, Series};

/// By instance, the node that its record names, if it has one. None of it matters after a restart.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Records(BTreeMap<String, Series<Answer<Option<String>>>>);

/// None at all.
pub const NO_RECORDS: &Records = &Records(BTreeMap::new());

impl Records {
    /// Notes what was read.
    pub fn learn(&mut self, instance_id: &str, read: Answer<Option<String>>, now: Moment) {
        let mut known = self.0.remove(instance_id);
        Series::hear(&mut known, read, Option::eq, now);
        let known = known.map(|known| (instance_id.to_owned(), known));
        self.0.extend(known);
    }

    /// Nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops what is known of instances that are no longer nodes.
    pub fn keep(&mut self, instances: &BTreeSet<&str>) {
        self.0.retain(|id, _| instances.contains(id.as_str()));
    }

    /// The node that an instance's own agent says it is.
    pub fn node_of(&self, instance_id: &str) -> Option<&str> {
        self.0.get(instance_id)?.answer()?.as_deref()
    }

    /// Whether the last look at a record has shown what it says.
    pub fn is_read(&self, instance_id: &str) -> bool {
        let known = self.0.get(instance_id);
        known.is_some_and(|known| known.answer().is_some())
    }

    /// For how long it has said what it says.
    pub fn lasted(&self, instance_id: &str) -> Duration {
        let known = self.0.get(instance_id);
        known.map(Series::lasted).unwrap_or_default()
    }

    /// How long until a record is read that does not say what is waited for; none where it is time. A node writes it a moment
    /// after it has joined.
    pub fn left(&self, instance_id: &str, now: Moment) -> Option<Duration> {
        let known = self.0.get(instance_id)?;
        Gaps::RECORD.remaining(&known.reading(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trouble;

    #[test]
    fn what_does_not_say_what_is_waited_for_is_read_again_less_and_less_often() {
        let at = |ms| Moment {
            up: Duration::from_millis(ms),
            unix: 0,
            random: 0,
        };
        let mut records = Records::default();
        assert_eq!(records.left("i-1", at(0)), None);
        records.learn("i-1", Ok(None), at(0));
        assert_eq!(records.left("i-1", at(0)), Some(Duration::from_millis(250)));
        assert_eq!(records.left("i-1", at(250)), None);
        records.learn("i-1", Ok(None), at(250));
        records.learn("i-1", Ok(None), at(750));
        assert_eq!(records.left("i-1", at(750)), Some(Duration::from_secs(1)));
        assert_eq!(records.node_of("i-1"), None);
        records.learn("i-1", Ok(Some("n1".into())), at(2000));
        assert_eq!(records.node_of("i-1"), Some("n1"));
        records.learn("i-1", Err(Trouble::Failed("no".into())), at(3000));
        assert_eq!(
            records.node_of("i-1"),
            None,
            "what is not known proves nothing"
        );
    }
}
