//! What is remembered from look to look. A new leader starts with none of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::pace::IN_A_ROW;
use protocol::stacks::objects::Object;
use protocol::stacks::{FORGOTTEN, Missing, Tried, Want};
use protocol::{Moment, Series, Spacing};

/// The last step of each stack, and how often in a row it was the same.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Steps(BTreeMap<String, Series<Taken>>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Taken {
    of: Option<Want>,
    failed: Option<String>,
}

/// A step that was taken this long ago counts for no later one.
const STEPS: Spacing = Spacing {
    apart: Duration::ZERO,
    breaks: FORGOTTEN,
};

impl Steps {
    /// Notes a step, and why it failed, if it did. The gap before the next one grows while it is the
    /// same.
    pub(super) fn took(
        &mut self,
        name: &str,
        of: Option<Want>,
        failed: Option<String>,
        now: Moment,
    ) {
        let mut taken = self.0.remove(name);
        let same = |old: &Taken, new: &Taken| old.of == new.of;
        Series::see(&mut taken, Taken { of, failed }, same, STEPS, now);
        self.0.extend(taken.map(|taken| (name.to_owned(), taken)));
    }

    /// Why the last step of a stack failed, if it did.
    pub(super) fn failure(&self, name: &str) -> Option<String> {
        self.0.get(name)?.value().failed.clone()
    }

    pub(super) fn facts(&self, now: Moment) -> BTreeMap<String, Tried> {
        let all = self.0.iter();
        all.map(|(name, taken)| {
            let tried = Tried {
                of: taken.value().of.clone(),
                count: taken.looks(),
                age: taken.age(now),
            };
            (name.clone(), tried)
        })
        .collect()
    }
}

/// The stacks that complete looks have found missing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Misses(BTreeMap<String, Series<()>>);

impl Misses {
    /// Notes a complete look: who is not missing any more begins anew. Looks are as far apart as the settings say.
    pub(super) fn look(&mut self, names: BTreeSet<String>, now: Moment) {
        let mut before = std::mem::take(&mut self.0);
        for name in names {
            let mut seen = before.remove(&name);
            Series::see(&mut seen, (), |(), ()| true, IN_A_ROW, now);
            self.0.extend(seen.map(|seen| (name, seen)));
        }
    }

    pub(super) fn facts(&self) -> BTreeMap<String, Missing> {
        let missing = |seen: &Series<()>| Missing {
            looks: seen.looks(),
            lasted: seen.lasted(),
        };
        let all = self.0.iter();
        all.map(|(name, seen)| (name.clone(), missing(seen)))
            .collect()
    }
}

/// The objects of each stack when it was last as its deployment left it: they tell what has changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Whole(BTreeMap<String, Vec<Object>>);

impl Whole {
    pub(super) fn keep(&mut self, name: &str, objects: &[&Object]) {
        let objects = objects.iter().map(|object| (*object).clone());
        self.0.insert(name.to_owned(), objects.collect());
    }

    pub(super) fn of(&self, name: &str) -> Option<&[Object]> {
        self.0.get(name).map(Vec::as_slice)
    }
}
