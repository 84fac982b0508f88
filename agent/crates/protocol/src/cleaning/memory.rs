//! What was seen of images and containers, and what came of removing them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Inventory, Rules, Share, Step};
use crate::pace::{Gaps, remaining};
use crate::time::{Moment, Stamp};

/// What was seen since the agent started.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Memory {
    /// The high mark was passed, and the low one is not reached.
    cleans: bool,
    images: BTreeMap<String, Seen>,
    /// What is left of tasks, since when.
    ended: BTreeMap<String, Seen>,
    /// The build cache's last turn.
    pruned: Option<Stamp>,
    looked: Option<Stamp>,
}

/// When something was seen, and how often the engine has refused to remove it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Seen {
    first: Stamp,
    used: Option<Stamp>,
    refused: Option<(Stamp, u32)>,
}

impl Seen {
    fn new(now: Moment) -> Self {
        Self {
            first: now.stamp(),
            used: None,
            refused: None,
        }
    }

    /// How long it stays yet; not at all where it may go.
    fn left(&self, rules: &Rules, now: Moment) -> Option<Duration> {
        let since = self.used.map_or(self.first, |used| used.max(self.first));
        let young = remaining(rules.min_age, since.age(now));
        let refused = self
            .refused
            .and_then(|(at, times)| remaining(Gaps::CLEANING.after(times), at.age(now)));
        young.max(refused)
    }
}

impl Memory {
    /// Whether the disk is being freed.
    pub fn cleans(&self) -> bool {
        self.cleans
    }

    /// Notes how full the disk is: at the high mark removing begins, and goes on until it is at the low one.
    pub fn fills(&mut self, share: Share, rules: &Rules) {
        self.cleans = share >= rules.high || (self.cleans && share > rules.low);
    }

    /// How long ago the engine was asked what it has.
    pub fn inventory_age(&self, now: Moment) -> Option<Duration> {
        self.looked.map(|looked| looked.age(now))
    }

    /// Notes what the engine has.
    pub fn saw(&mut self, inventory: &Inventory, now: Moment) {
        let seen = |map: &mut BTreeMap<String, Seen>, ids: Vec<&String>| {
            let known = |id: &String| map.get(id).copied().unwrap_or(Seen::new(now));
            *map = ids.into_iter().map(|id| (id.clone(), known(id))).collect();
        };
        let containers = &inventory.containers;
        let left = containers.iter().filter(|container| container.is_left());
        seen(
            &mut self.ended,
            left.map(|container| &container.id).collect(),
        );
        let images = inventory.images.iter().map(|image| &image.id);
        seen(&mut self.images, images.collect());
        for container in containers {
            // One that has ended used it at its end, as far as that is known.
            let at = self
                .ended
                .get(&container.id)
                .map_or(now.stamp(), |seen| seen.first);
            if let Some(image) = self.images.get_mut(&container.image) {
                image.used = image.used.max(Some(at));
            }
        }
        self.looked = Some(now.stamp());
    }

    /// Notes what came of a step. What was refused is tried again later, and holds up nothing else.
    pub fn tried(&mut self, step: &Step, done: bool, now: Moment) {
        // With or without success: an engine may have no build cache.
        if let Step::Cache(_) = step {
            self.pruned = Some(now.stamp());
        }
        let seen = match step {
            Step::Container(id) => self.ended.get_mut(id),
            Step::Image(image) => self.images.get_mut(&image.id),
            Step::Cache(_) | Step::Enough | Step::Stuck { .. } => None,
        };
        if let Some(seen) = seen.filter(|_| !done) {
            let times = seen.refused.map_or(0, |(_, times)| times);
            seen.refused = Some((now.stamp(), times.saturating_add(1)));
        }
    }

    /// How long the build cache's last turn counts yet; none where it has not had one.
    pub(super) fn pruned(&self, min_age: Duration, now: Moment) -> Option<Duration> {
        self.pruned.and_then(|at| remaining(min_age, at.age(now)))
    }

    /// When a container was first seen to have ended.
    pub(super) fn ended(&self, id: &str) -> Option<Stamp> {
        self.ended.get(id).map(|seen| seen.first)
    }

    /// How long what is left of a task stays yet.
    pub(super) fn container_left(&self, id: &str, rules: &Rules, now: Moment) -> Option<Duration> {
        left(&self.ended, id, rules, now)
    }

    /// How long an image stays yet.
    pub(super) fn image_left(&self, id: &str, rules: &Rules, now: Moment) -> Option<Duration> {
        left(&self.images, id, rules, now)
    }

    /// What goes first: what was never seen in use, then what was not for the longest time; of those what was there first.
    pub(super) fn order(&self, id: &str) -> (Option<Stamp>, Option<Stamp>) {
        let seen = self.images.get(id);
        (seen.and_then(|seen| seen.used), seen.map(|seen| seen.first))
    }
}

/// One that was never seen has just come.
fn left(map: &BTreeMap<String, Seen>, id: &str, rules: &Rules, now: Moment) -> Option<Duration> {
    map.get(id)
        .map_or(Some(rules.min_age), |seen| seen.left(rules, now))
}
