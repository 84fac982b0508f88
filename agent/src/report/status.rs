//! What the agent last decided, and on which facts: a file for people and programs on this host.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::stacks::{Registry, Stack};
use crate::file;

/// In the runtime folder.
const FILE: &str = "status.json";
/// A round takes 30 s at most, and what it does two minutes: what is older was left behind.
const FRESH: Duration = Duration::from_mins(4);

/// The last round. Fields may be added; none of these changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When it was, in seconds since the Unix epoch.
    pub at: u64,
    /// The agent's version.
    pub version: String,
    /// `i-…`
    pub instance_id: String,
    /// The cluster's name.
    pub cluster: String,
    /// `manager` or `worker`, by the instance's tag.
    pub role: String,
    /// The step that was decided on: `serve`, `wait`, `join`, ….
    pub action: String,
    /// Why: a word that stays the same, as `member` or `managers-silent`.
    pub reason: String,
    /// Why, as a sentence.
    pub text: String,
    /// Whether the node is in the cluster's swarm and serves.
    pub serving: bool,
    /// What the decision rested on. No token and no key is among it.
    pub facts: Value,
    /// The stacks of the cluster, on its leader.
    #[serde(default)]
    pub stacks: Vec<Stack>,
    /// The registries that the leader has a password for.
    #[serde(default)]
    pub registries: Vec<Registry>,
    /// Why Parameter Store does not tell the leader about stacks or registries.
    #[serde(default)]
    pub stacks_trouble: Option<String>,
}

/// Why there is no status to show.
#[derive(Debug, Error)]
pub enum StatusError {
    /// The agent has not written one since this host started.
    #[error("cannot read {}: {cause}; does the agent run? (`systemctl status swarmlet`)", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is not what this version writes.
    #[error("cannot read {}: it is no status of this version", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

impl Status {
    /// Writes it into the runtime folder.
    pub fn write(&self, runtime_dir: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        file::replace(&runtime_dir.join(FILE), &text, 0o600)
    }

    /// The last one that was written.
    pub fn read(runtime_dir: &Path) -> Result<Self, StatusError> {
        let path = runtime_dir.join(FILE);
        let bytes = std::fs::read(&path).map_err(|cause| StatusError::Unread {
            path: path.clone(),
            cause,
        })?;
        serde_json::from_slice(&bytes).map_err(|_| StatusError::Damaged { path })
    }

    /// How old it is, if an agent that still ran would have written a newer one.
    pub fn outdated(&self) -> Option<Duration> {
        let age = now().saturating_sub(self.at);
        let age = Duration::from_secs(age);
        (age > FRESH).then_some(age)
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(at: u64) -> Status {
        Status {
            at,
            version: "0".into(),
            instance_id: "i-1".into(),
            cluster: "c".into(),
            role: "worker".into(),
            action: "serve".into(),
            reason: "member".into(),
            text: "in the swarm".into(),
            serving: true,
            facts: Value::Null,
            stacks: Vec::new(),
            registries: Vec::new(),
            stacks_trouble: None,
        }
    }

    #[test]
    fn what_is_written_is_read_and_ages() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = status(now());
        fresh.write(folder.path()).unwrap();
        let read = Status::read(folder.path()).unwrap();
        assert_eq!(read, fresh);
        assert_eq!(read.outdated(), None);
        assert!(status(now() - 600).outdated().is_some());
    }

    #[test]
    fn none_and_a_damaged_one_are_errors_that_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = Status::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("systemctl status swarmlet"), "{error}");
        std::fs::write(folder.path().join(FILE), "{}").unwrap();
        let error = Status::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("status.json"), "{error}");
    }
}
