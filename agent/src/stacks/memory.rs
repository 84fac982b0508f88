//! What is remembered from look to look. A new leader starts with none of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use protocol::stack_objects::Object;
use protocol::stacks::{FORGOTTEN, Missing, Tried, Want};

/// The last step of each stack.
#[derive(Debug, Default)]
pub(super) struct Steps(BTreeMap<String, Taken>);

#[derive(Debug)]
struct Taken {
    of: Option<Want>,
    count: u32,
    at: Instant,
    failed: Option<String>,
}

impl Steps {
    /// Notes a step, and why it failed, if it did. The gap before the next one grows while it is the
    /// same.
    pub(super) fn took(&mut self, name: &str, of: Option<Want>, failed: Option<String>) {
        let before = self.0.get(name).filter(|taken| taken.of == of);
        let recent = before.filter(|taken| taken.at.elapsed() < FORGOTTEN);
        let taken = Taken {
            count: recent.map_or(0, |taken| taken.count).saturating_add(1),
            at: Instant::now(),
            of,
            failed,
        };
        self.0.insert(name.to_owned(), taken);
    }

    /// Why the last step of a stack failed, if it did.
    pub(super) fn failure(&self, name: &str) -> Option<String> {
        self.0.get(name)?.failed.clone()
    }

    pub(super) fn facts(&self) -> BTreeMap<String, Tried> {
        let all = self.0.iter();
        all.map(|(name, taken)| {
            let tried = Tried {
                of: taken.of.clone(),
                count: taken.count,
                age: taken.at.elapsed(),
            };
            (name.clone(), tried)
        })
        .collect()
    }
}

/// The stacks that complete looks have found missing.
#[derive(Debug, Default)]
pub(super) struct Misses(BTreeMap<String, (Instant, Duration, u32)>);

impl Misses {
    /// Notes a complete look: who is not missing any more begins anew.
    pub(super) fn look(&mut self, names: BTreeSet<String>) {
        let mut before = std::mem::take(&mut self.0);
        for name in names {
            let (since, _, looks) =
                before
                    .remove(&name)
                    .unwrap_or((Instant::now(), Duration::ZERO, 0));
            self.0
                .insert(name, (since, since.elapsed(), looks.saturating_add(1)));
        }
    }

    pub(super) fn facts(&self) -> BTreeMap<String, Missing> {
        let all = self.0.iter();
        all.map(|(name, (_, lasted, looks))| {
            let (lasted, looks) = (*lasted, *looks);
            (name.clone(), Missing { looks, lasted })
        })
        .collect()
    }
}

/// The objects of each stack when it was last as its deployment left it: they tell what has changed.
#[derive(Debug, Default)]
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
