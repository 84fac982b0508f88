//! Where the view comes from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::{SwarmView, gather};
use docker::api::{Docker, Watch};

/// How long the engine may take for a call: longer than an election.
const LIMIT: Duration = Duration::from_secs(25);
/// What changes the view at once. Tasks have no events.
const EVENTS: &[&str] = &["node", "service", "daemon"];

/// Something to look at. It is opened when the first viewer comes, and dropped after the last.
pub trait Source {
    /// The whole of it, or why it cannot be seen.
    async fn look(&self) -> Result<SwarmView, String>;
    /// Returns when a look is worth while, because something happened.
    async fn happening(&self);
}

/// The swarm that this host's engine manages.
pub(super) struct Swarm {
    docker: Docker,
    watch: Watch,
    runtime_dir: PathBuf,
}

impl Swarm {
    pub(super) fn open(socket: &Path, runtime_dir: &Path) -> Self {
        let docker = Docker::new(socket, runtime_dir);
        Self {
            watch: Watch::of(docker.clone(), EVENTS),
            docker,
            runtime_dir: runtime_dir.to_owned(),
        }
    }
}

impl Source for Swarm {
    async fn look(&self) -> Result<SwarmView, String> {
        let seen = gather(&self.docker, &self.runtime_dir, LIMIT).await;
        seen.map_err(|error| error.to_string())
    }

    async fn happening(&self) {
        self.watch.happening().await;
    }
}
