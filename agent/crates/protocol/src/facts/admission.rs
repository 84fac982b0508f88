//! Whether a node belongs to the cluster, as its entry says.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// What becomes of nodes that do not belong to the cluster.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Admission {
    /// They are drained, and removed after ten minutes.
    #[default]
    Enforce,
    /// It is said of them, and nothing done: for those who join other nodes on purpose.
    Observe,
}

/// What an entry says of a refusal, as the value of [`crate::labels::ADMISSION_LABEL`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Refusal {
    /// When the leader has first heard that it is not who it says, in seconds since the Unix epoch.
    pub since: u64,
    /// Why.
    pub doubt: Doubt,
    /// It had tasks, or could be given some: a leader has drained it for that.
    pub drained: bool,
}

impl Refusal {
    /// Reads the label.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        Some(Self {
            since: words.next()?.parse().ok()?,
            doubt: words.next()?.parse().ok()?,
            drained: words.next().is_some(),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drained = if self.drained { " drained" } else { "" };
        write!(f, "{} {}{drained}", self.since, self.doubt.name())
    }
}

/// Why a node is not the instance that it says it is.
#[derive(Clone, Copy, Debug, Eq, EnumString, Hash, IntoStaticStr, PartialEq)]
#[strum(serialize_all = "kebab-case")]
pub enum Doubt {
    /// It says of no instance that it is that one.
    NoInstance,
    /// EC2 knows no such instance.
    UnknownInstance,
    /// That instance is stopped or terminated.
    InstanceEnded,
    /// That instance has other addresses.
    OtherAddress,
    /// That instance is of no cluster, or of another one.
    OtherCluster,
    /// Another node is that instance.
    SecondClaim,
    /// It is a manager's, and its own agent has not written down, or not yet, which node it is.
    Unrecorded,
}

impl Doubt {
    /// Its name, as labels and status have it.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
