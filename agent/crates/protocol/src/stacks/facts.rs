//! What the decision about stacks rests on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::stacks::note::{Note, Origin};
use crate::stacks::objects::Present;

/// A user and password for a registry that a stack pulls from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Login {
    /// A parameter in this version.
    Password(u64),
    /// By the instance's role: it is renewed at a time that the note holds.
    Role,
}

/// Which images Docker looks up at their registry, for the digest of their tag and the platforms they
/// are for (`docker stack deploy --resolve-image`).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResolveImage {
    /// All, at every deployment.
    Always,
    /// Those whose name is new or has changed.
    #[default]
    Changed,
    /// None: for nodes that have their images and no way to a registry.
    Never,
}

impl ResolveImage {
    /// Docker's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Changed => "changed",
            Self::Never => "never",
        }
    }
}

/// What is wanted of one stack.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Want {
    /// Where it comes from.
    pub origin: Origin,
    /// SHA-256 of its file, and of the files that it names.
    pub digest: String,
    /// The registries it pulls from with a password, by their host.
    pub logins: BTreeMap<String, Login>,
}

/// What the sources say of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// This file.
    Stack(Want),
    /// An empty file: nothing of that name is to run.
    Nothing,
    /// There is one that cannot be used: what runs stays.
    Broken,
}

/// A step that was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tried {
    /// What was to be deployed; none if it was to be removed.
    pub of: Option<Want>,
    /// How often in a row.
    pub count: u32,
    /// How long ago the last time was.
    pub age: Duration,
}

/// What looks at Parameter Store have found missing there, or at all sources to be empty.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missing {
    /// In how many complete looks in a row.
    pub looks: u32,
    /// How far apart the first and the last of them were.
    pub lasted: Duration,
}

/// All that the decision rests on.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// What the sources say, by name.
    pub wanted: BTreeMap<String, Wanted>,
    /// Whether Parameter Store has been read: before that, what it holds is unknown.
    pub complete: bool,
    /// The stacks that are missing, by name: see [`super::stacks::missing`].
    pub missing: BTreeMap<String, Missing>,
    /// A stack was removed since the last look at the sources.
    pub removed: bool,
    /// What the swarm's labels say. A label that cannot be read is one of ours all the same.
    pub notes: BTreeMap<String, Option<Note>>,
    /// What the swarm has, by stack.
    pub present: BTreeMap<String, Present>,
    /// The last step of each.
    pub tried: BTreeMap<String, Tried>,
    /// Seconds since the Unix epoch.
    pub now: u64,
}
