//! The task that keeps the engine's disk from filling: it looks, decides and takes one step, beside the agent's rounds.
//!
//! The decision is `protocol::cleaning`. It has its own calls to the engine, and the rounds wait for none of them.

mod kept;
mod room;
mod told;

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::config::{DiskSettings, Settings};
use docker::EngineError;
use docker::store::{Found, Store};
use host::clock::Clock;
use host::random::Chance;
use protocol::Moment;
use protocol::cleaning::{Facts, Memory, Share, Step, asks, fullest, next, pause};
use view::metrics::Metrics;
use view::status::disk::Disk;

use room::Rooms;
pub(super) use room::Statvfs;
use told::Told;

/// Why the disk is not kept.
#[derive(Debug, Error)]
pub(super) enum CleanError {
    /// The engine did not tell what it keeps, or did not remove it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The kernel does not tell how full it is.
    #[error("cannot tell the free space of {}: {cause}", path.display())]
    Room {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// Which images the machine's own image came with cannot be told, so none is removed.
    #[error("cannot read {}: {cause}; it names the images to keep, so none is removed", path.display())]
    Kept {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
}

/// Everything outside that the disk is kept by.
pub(super) struct Edges<S, R, C, D> {
    pub(super) store: S,
    pub(super) rooms: R,
    pub(super) clock: C,
    pub(super) chance: D,
}

/// Keeps the disk of this node's engine from filling.
pub(super) struct Cleaner<S, R, C, D> {
    edges: Edges<S, R, C, D>,
    settings: DiskSettings,
    /// The file with the images that the machine's image came with.
    baked: PathBuf,
    memory: Memory,
    found: Option<Found>,
    failures: u32,
    told: Told,
}

impl<S: Store, R: Rooms, C: Clock, D: Chance> Cleaner<S, R, C, D> {
    pub(super) fn new(edges: Edges<S, R, C, D>, settings: &Settings, metrics: &Metrics) -> Self {
        Self {
            edges,
            settings: settings.disk.clone(),
            baked: settings.host_path(kept::BAKED),
            memory: Memory::default(),
            found: None,
            failures: 0,
            told: Told::new(metrics),
        }
    }

    /// Where it can be read how the disk stands.
    pub(super) fn shown(&self) -> watch::Receiver<Option<Disk>> {
        self.told.shown()
    }

    /// Keeps the disk for ever, or looks at nothing where that is switched off.
    pub(super) async fn run(mut self) {
        if !self.settings.clean {
            std::future::pending::<()>().await;
        }
        loop {
            let wait = self.turn().await;
            // A fleet that started in one second must not remove in one second.
            sleep(wait + self.edges.chance.within(wait / 5)).await;
        }
    }

    /// One look and one step; says how long to pause.
    async fn turn(&mut self) -> Duration {
        let (step, done) = match self.look().await {
            Ok((step, share)) => {
                let done = self.take(&step).await;
                let now = self.now();
                // A step that the engine refuses holds up no other; an engine that does not answer does.
                self.memory.tried(&step, done.is_ok(), now);
                self.told.stands(share, &step, done.as_ref().err());
                (step, done)
            }
            Err(error) => (Step::Enough, Err(error)),
        };
        match done {
            Ok(()) => self.failures = 0,
            Err(CleanError::Engine(EngineError::Refused { .. })) if is_removal(&step) => {
                self.failures = 0;
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.told.failed(&error);
            }
        }
        pause(&step, self.failures)
    }

    /// What is next, and how full the disk is.
    async fn look(&mut self) -> Result<(Step, Share), CleanError> {
        let mut fresh = self.found.is_none() || asks(&self.memory, self.now());
        if fresh {
            self.ask().await?;
        }
        let share = self.measure()?;
        if self.memory.cleans() && !fresh {
            fresh = true;
            self.ask().await?;
        }
        let Some(found) = self
            .found
            .as_ref()
            .filter(|_| self.memory.cleans() && fresh)
        else {
            return Ok((Step::Enough, share));
        };
        let step = next(&Facts {
            rules: &self.settings.rules,
            kept: &kept::read(&self.baked, &self.settings.keep)?,
            inventory: &found.inventory,
            memory: &self.memory,
            now: self.now(),
        });
        Ok((step, share))
    }

    /// Asks the engine what it keeps.
    async fn ask(&mut self) -> Result<(), CleanError> {
        let found = self.edges.store.look().await?;
        self.memory.saw(&found.inventory, self.now());
        self.found = Some(found);
        Ok(())
    }

    /// Looks at the fullest of the engine's disks.
    fn measure(&mut self) -> Result<Share, CleanError> {
        let folders = self.found.iter().flat_map(|found| &found.folders);
        let mut fullest_one = (Share::default(), PathBuf::new());
        for path in folders {
            let rooms = self.edges.rooms.of(path);
            let rooms = rooms.map_err(|cause| CleanError::Room {
                path: path.clone(),
                cause,
            })?;
            let share = fullest(&rooms);
            if share >= fullest_one.0 {
                fullest_one = (share, path.clone());
            }
        }
        let (share, folder) = fullest_one;
        self.memory.fills(share, &self.settings.rules);
        self.told.measured(share, &folder, self.memory.cleans());
        Ok(share)
    }

    async fn take(&self, step: &Step) -> Result<(), CleanError> {
        let store = &self.edges.store;
        match step {
            Step::Container(id) => store.remove_container(id).await?,
            Step::Cache(unused_for) => drop(store.prune_cache(*unused_for).await?),
            Step::Image(image) => store.remove_image(&image.references).await?,
            Step::Enough | Step::Stuck { .. } => {}
        }
        Ok(())
    }

    fn now(&self) -> Moment {
        self.edges.clock.moment(self.edges.chance.lot())
    }
}

fn is_removal(step: &Step) -> bool {
    !matches!(step, Step::Enough | Step::Stuck { .. })
}

#[cfg(test)]
mod tests;
