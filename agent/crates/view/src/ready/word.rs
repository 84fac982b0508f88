//! The agent's word for health checks: a file in its runtime folder, which a reboot clears.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use host::clock::{BootClock, Clock};
use host::file;
use protocol::node::Readiness;

/// In the runtime folder. The same name is in `systemd/swarmlet-ready.path`, which starts the listener.
pub const FILE: &str = "ready";

/// How the node is, when that was said, and where it is to be told. Nothing of it is secret: the listener, which is nobody on
/// this host, reads it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Where the listener listens (`ready.listen`).
    pub listen: SocketAddr,
    /// The word.
    pub word: Readiness,
    /// When it was said, in milliseconds since this boot of the machine: a clock that nobody sets.
    pub at: u64,
}

/// Why there is no word.
#[derive(Debug, Error)]
pub enum WordError {
    /// No agent has written one since this host started, or it may not be read.
    #[error("cannot read {}: {cause}; is ready.listen set, and does the agent run?", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is not what an agent writes.
    #[error("cannot read {}: it is no word of an agent's", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// Milliseconds since this boot of the machine.
pub(super) fn uptime() -> u64 {
    u64::try_from(BootClock.uptime().as_millis()).unwrap_or(u64::MAX)
}

impl Word {
    /// Writes it there.
    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        file::replace_unflushed(path, &text, 0o644)
    }

    /// The last one that was written there.
    pub fn read(path: &Path) -> Result<Self, WordError> {
        let bytes = std::fs::read(path).map_err(|cause| WordError::Unread {
            path: path.to_owned(),
            cause,
        })?;
        serde_json::from_slice(&bytes).map_err(|_| WordError::Damaged {
            path: path.to_owned(),
        })
    }

    /// How old it is at a time of this boot, in milliseconds since its begin.
    pub(super) fn age(&self, now: u64) -> Duration {
        Duration::from_millis(now.saturating_sub(self.at))
    }
}

/// What a health check hears of this node now; none where no agent has said anything since this host started, as without
/// `ready.listen`.
pub fn told(runtime_dir: &Path) -> Option<Readiness> {
    let path = runtime_dir.join(FILE);
    path.exists().then(|| answer(&path))
}

/// What a health check is to hear now.
pub(super) fn answer(path: &Path) -> Readiness {
    let word = Word::read(path);
    Readiness::heard(word.ok().map(|word| (word.word, word.age(uptime()))))
}
