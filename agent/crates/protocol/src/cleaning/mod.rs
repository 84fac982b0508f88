//! Which image, dead container or build cache goes next, where a disk of the engine's is full.
//!
//! As the kubelet's image garbage collection does it: from a high mark on until a low one is reached, what was not used for
//! the longest time goes first (<https://kubernetes.io/docs/concepts/architecture/garbage-collection/>). What is in use, what
//! somebody names, what the machine's image came with and what came or was used a moment ago stays, however full the disk is.
//!
//! Nothing is remembered over a restart of the agent: all ages begin anew then, so that it removes less, not more.

mod facts;
mod memory;

use std::time::Duration;

use crate::pace::Gaps;
use crate::time::Moment;
pub use facts::{Container, Facts, Image, Inventory, Named, Room, Rules, Share, fullest};
pub use memory::Memory;

/// The disk is looked at this often; it costs one call to the kernel.
pub const LOOK: Duration = Duration::from_mins(1);
/// And the engine's images and containers, as the kubelet does: which are in use has to be known before the disk is full.
pub const INVENTORY: Duration = Duration::from_mins(5);
/// Between two removals: others ask the engine too.
pub const STEP_GAP: Duration = Duration::from_secs(1);

/// One step.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Step {
    /// Remove what is left of a task that has ended.
    Container(String),
    /// Remove what of the build cache nobody has used for this long.
    Cache(Duration),
    /// Remove an image, by each of its names.
    Image(Image),
    /// There is room, or as much as was to be had.
    Enough,
    /// The low mark is not reached, and nothing more may go.
    Stuck {
        /// How long until something is old enough, or is tried again.
        left: Option<Duration>,
        /// Why images are left alone altogether.
        why: Option<String>,
    },
}

/// Decides. What is left of ended tasks goes first, since it holds its images; then what can be built again; then images.
pub fn next(facts: &Facts<'_>) -> Step {
    if !facts.memory.cleans() {
        return Step::Enough;
    }
    let mut left = Vec::new();
    match dead(facts) {
        Turn::Now(container) => return Step::Container(container.id.clone()),
        Turn::Later(wait) => left.extend(wait),
    }
    match facts.memory.pruned(facts.rules.min_age, facts.now) {
        None => return Step::Cache(facts.rules.min_age),
        Some(wait) => left.push(wait),
    }
    if let Named::Unknown(why) = &facts.inventory.named {
        let why = Some(why.clone());
        return Step::Stuck { left: None, why };
    }
    match unused(facts) {
        Turn::Now(image) => return Step::Image(image.clone()),
        Turn::Later(wait) => left.extend(wait),
    }
    let left = left.into_iter().min();
    Step::Stuck { left, why: None }
}

/// How long to pause after a step, or after so many failures in a row.
pub fn pause(step: &Step, failures: u32) -> Duration {
    match step {
        _ if failures > 0 => Gaps::TROUBLE.after(failures),
        Step::Enough => LOOK,
        Step::Stuck { left, .. } => left.map_or(LOOK, |left| left.clamp(STEP_GAP, LOOK)),
        _ => STEP_GAP,
    }
}

/// What may go now, or when something may.
enum Turn<'a, T> {
    Now(&'a T),
    Later(Option<Duration>),
}

/// What is left of a task: the one that ended first.
fn dead<'a>(facts: &Facts<'a>) -> Turn<'a, Container> {
    let all = facts.inventory.containers.iter();
    let all = all.filter(|container| container.is_left());
    earliest(all.map(|container| {
        let order = facts.memory.ended(&container.id);
        let wait = facts
            .memory
            .container_left(&container.id, facts.rules, facts.now);
        ((order, &container.id), wait, container)
    }))
}

/// The image that was not used for the longest time, of those that nobody uses or names.
fn unused<'a>(facts: &Facts<'a>) -> Turn<'a, Image> {
    let all = facts.inventory.images.iter();
    let all = all.filter(|image| !facts.holds(image));
    earliest(all.map(|image| {
        let order = facts.memory.order(&image.id);
        let wait = facts.memory.image_left(&image.id, facts.rules, facts.now);
        ((order, &image.id), wait, image)
    }))
}

/// The first one in this order that nothing has to be waited for; or how long the shortest wait is.
fn earliest<'a, T, K: Ord>(all: impl Iterator<Item = (K, Option<Duration>, &'a T)>) -> Turn<'a, T> {
    let (waits, free): (Vec<_>, Vec<_>) = all.partition(|(_, wait, _)| wait.is_some());
    match free.into_iter().min_by(|a, b| a.0.cmp(&b.0)) {
        Some((.., next)) => Turn::Now(next),
        None => Turn::Later(waits.into_iter().filter_map(|(_, wait, _)| wait).min()),
    }
}

/// Whether the engine has to be asked before this moment's decision.
pub fn asks(memory: &Memory, now: Moment) -> bool {
    memory.cleans() || memory.inventory_age(now).is_none_or(|age| age >= INVENTORY)
}

#[cfg(test)]
mod tests;
