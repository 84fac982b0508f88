//! What a decision about the disk rests on.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::Memory;
use crate::time::Moment;

/// When to remove, and what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rules {
    /// From this share on.
    pub high: Share,
    /// Down to this one.
    pub low: Share,
    /// What came, was used or has ended less long ago stays.
    pub min_age: Duration,
}

/// How much of a disk is in use, in thousandths.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Share(u16);

impl Share {
    /// Of so many hundredths; there are no more than 100.
    pub fn percent(percent: u8) -> Self {
        Self(u16::from(percent.min(100)) * 10)
    }

    /// In thousandths.
    pub fn thousandths(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0 / 10)
    }
}

/// What of a file system is in use and what is free: bytes, or files.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Room {
    /// In use.
    pub used: u64,
    /// Free for the engine. What a file system keeps for root alone is neither, as with `df`.
    pub free: u64,
}

impl Room {
    /// How much of it is in use; none of a file system that does not count.
    pub fn share(self) -> Share {
        let (used, all) = (
            u128::from(self.used),
            u128::from(self.used) + u128::from(self.free),
        );
        let part = (used * 1000).checked_div(all).unwrap_or(0);
        Share(u16::try_from(part).unwrap_or(1000))
    }
}

/// The share of the one that has the least room, which is the one that stops the engine.
pub fn fullest(rooms: &[Room]) -> Share {
    let shares = rooms.iter().map(|room| room.share());
    shares.max().unwrap_or_default()
}

/// An image.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// What it is called, each in full: `nginx:1.27`, `nginx@sha256:…`.
    pub names: BTreeSet<String>,
    /// What the engine is to remove: its names as the engine writes them, or the id of one that has none.
    pub references: Vec<String>,
    /// Bytes, with those that other images share.
    pub size: u64,
}

/// A container, whatever it is in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its image's id.
    pub image: String,
    /// What its image was called when it was made, in full.
    pub names: BTreeSet<String>,
    /// Whether it is, or was, a task of the swarm.
    pub is_task: bool,
    /// Whether it has ended.
    pub has_ended: bool,
}

impl Container {
    /// Whether it is what is left of a task. Others' containers are not the agent's.
    pub fn is_left(&self) -> bool {
        self.is_task && self.has_ended
    }
}

/// Which images the services of the swarm name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Named {
    /// These, in full. A worker's engine knows none: services are shown to managers only.
    Known(BTreeSet<String>),
    /// Nobody can tell, and why.
    Unknown(String),
}

/// What the engine has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inventory {
    /// All images, but those between the layers of others.
    pub images: Vec<Image>,
    /// All containers, those that have ended too.
    pub containers: Vec<Container>,
    /// What services name.
    pub named: Named,
}

/// All that a decision rests on.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// When to remove.
    pub rules: &'a Rules,
    /// Ids and full names of images that stay: those that the machine's image came with, and those that the settings name.
    pub kept: &'a BTreeSet<String>,
    /// What the engine has.
    pub inventory: &'a Inventory,
    /// What was seen before.
    pub memory: &'a Memory,
    /// The present moment.
    pub now: Moment,
}

impl Facts<'_> {
    /// Whether anybody uses or names an image. One that has ended uses it too, or it could not be started again.
    pub(super) fn holds(&self, image: &Image) -> bool {
        let called = |names: &BTreeSet<String>| !names.is_disjoint(&image.names);
        let named = match &self.inventory.named {
            Named::Known(names) => called(names),
            Named::Unknown(_) => true,
        };
        let mut containers = self.inventory.containers.iter();
        named
            || called(self.kept)
            || self.kept.contains(&image.id)
            || containers.any(|container| container.image == image.id || called(&container.names))
    }
}
