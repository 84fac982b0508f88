//! What the leader says of the stacks and registries of its cluster.

use serde::{Deserialize, Serialize};

/// A stack: one that is wanted, or one that the leader has deployed.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stack {
    /// Its name in the swarm.
    pub name: String,
    /// Where its file is: a path, a parameter's name, or an address in S3.
    pub source: String,
    /// SHA-256 of the file that is wanted and of the files that it names, in hexadecimal; none where there
    /// is no file to read.
    pub digest: Option<String>,
    /// How it stands.
    pub state: StackState,
    /// Since when this leader sees it so, in seconds since the Unix epoch.
    pub since: u64,
    /// Why it is not deployed as wanted: which file, where in it, and what is wrong. Of one that is
    /// deployed, what of its file has no effect.
    pub error: Option<String>,
}

/// How a stack stands. What runs of it runs on in every state but [`StackState::Removing`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum StackState {
    /// The swarm has been given the file that is wanted.
    Deployed,
    /// It is about to be given it.
    Pending,
    /// It is being given it. A registry that does not answer takes its time for each service.
    Deploying,
    /// The file that is wanted cannot be deployed; see the error.
    Failed,
    /// Its source is gone, and it goes too.
    Removing,
    /// It was deployed from a file that this manager does not have: it stays as it is.
    Kept,
}

/// A registry that the leader has a user and password for.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Registry {
    /// Its host, and port if it has one: `docker.io` for Docker Hub.
    pub host: String,
    /// Whether it takes the user and password; none where it could not be asked.
    pub accepted: Option<bool>,
    /// Since when this leader sees it so, in seconds since the Unix epoch.
    pub since: u64,
    /// What is wrong. Never the password.
    pub error: Option<String>,
}
