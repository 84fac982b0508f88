//! What the agent last decided, and on which facts: a file for people and programs on this host.

pub mod boot;
pub mod disk;
pub mod engine_trouble;
pub mod facts;
pub mod failure;
pub mod groups;
pub mod launch;
pub mod note;
pub mod stacks;
pub mod story;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use boot::Boot;
use disk::Disk;
use groups::ManagerGroup;
use host::file;
use stacks::{Registry, Stack};
use story::Told;

/// In the runtime folder.
const FILE: &str = "status.json";
/// A round takes 30 s at most, and what it does two minutes: what is older was left behind.
const FRESH: Duration = Duration::from_mins(4);

/// The last round. Fields may be added; none of these changes its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Why the last step did not succeed.
    #[serde(default)]
    pub trouble: Option<String>,
    /// The epoch of the swarm that this node is in.
    #[serde(default)]
    pub epoch: Option<u64>,
    /// What Parameter Store says of that epoch, or of the one that is to be formed; none where the agent
    /// has not had to ask since it started.
    #[serde(default)]
    pub claim: Option<Claimed>,
    /// The ticket, as the agent read or published it last.
    #[serde(default)]
    pub ticket: Option<Issued>,
    /// The last decisions, the newest first.
    #[serde(default)]
    pub decisions: Vec<Told>,
    /// The stacks of the cluster, on its leader.
    #[serde(default)]
    pub stacks: Vec<Stack>,
    /// The registries that the leader has a password for.
    #[serde(default)]
    pub registries: Vec<Registry>,
    /// Why Parameter Store does not tell the leader about stacks or registries.
    #[serde(default)]
    pub stacks_trouble: Option<String>,
    /// The Auto Scaling groups of the managers, on the leader.
    #[serde(default)]
    pub groups: Vec<ManagerGroup>,
    /// The disk of the engine's images; none before the agent has looked at it, or where it does not (`disk.clean`).
    #[serde(default)]
    pub disk: Option<Disk>,
    /// The way from the agent's start until its node served (`swarmlet status --boot`).
    #[serde(default)]
    pub boot: Boot,
}

/// The registers of an epoch (`docs/protocol.md`).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Claimed {
    /// Which epoch.
    pub epoch: u64,
    /// The instance that may create its swarm.
    pub holder: Option<String>,
    /// What became of it: `formed` or `passed-over`; none while that is open.
    pub outcome: Option<String>,
}

/// A ticket, without what it is for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Issued {
    /// Its epoch.
    pub epoch: u64,
    /// The instance that issued it.
    pub by: String,
    /// When that was, in seconds since the Unix epoch.
    pub issued_at: u64,
    /// When the agent saw it last.
    pub seen_at: u64,
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
    /// One that says nothing.
    #[cfg(test)]
    pub fn blank() -> Self {
        Self {
            at: 0,
            version: "0".into(),
            instance_id: "i-1".into(),
            cluster: "c".into(),
            role: "worker".into(),
            action: "serve".into(),
            reason: "member".into(),
            text: "in the swarm".into(),
            serving: true,
            facts: Value::Null,
            trouble: None,
            epoch: None,
            claim: None,
            ticket: None,
            decisions: Vec::new(),
            stacks: Vec::new(),
            registries: Vec::new(),
            stacks_trouble: None,
            groups: Vec::new(),
            disk: None,
            boot: Boot::default(),
        }
    }

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
pub fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(at: u64) -> Status {
        Status {
            at,
            ..Status::blank()
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
