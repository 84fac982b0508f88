//! What the engine keeps on its disk, and how some of it is removed.

use std::path::PathBuf;
use std::time::Duration;

use crate::EngineError;
use protocol::cleaning::Inventory;

/// What the engine keeps, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Images and containers.
    pub inventory: Inventory,
    /// The folders that they are in.
    pub folders: Vec<PathBuf>,
}

/// The engine's images, containers and build cache.
pub trait Store {
    /// What there is (`GET /info`, `/images/json`, `/containers/json`; on managers `/services`).
    async fn look(&self) -> Result<Found, EngineError>;

    /// Removes a container that has ended, with its anonymous volumes, as the swarm does when it forgets a task
    /// (`DELETE /containers/<id>`). One that is gone counts as removed, here and below.
    async fn remove_container(&self, id: &str) -> Result<(), EngineError>;

    /// Removes what of the build cache was not used for so long (`POST /build/prune`); says how many bytes that were.
    async fn prune_cache(&self, unused_for: Duration) -> Result<u64, EngineError>;

    /// Removes an image by all of its names, without force: the engine refuses it for one that a container uses
    /// (`DELETE /images/<name>`).
    async fn remove_image(&self, references: &[String]) -> Result<(), EngineError>;
}
