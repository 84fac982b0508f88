//! Whether a lost majority may be recovered by force.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who decides about `swarm init --force-new-cluster`, the most dangerous call there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// The agent, on EC2's word that the majority is terminated.
    Auto,
    /// A person: `swarmlet recover` on a surviving manager.
    Ask {
        /// Whether a person has said so.
        consent: bool,
    },
}

/// The setting `swarm.recovery`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecoveryMode {
    /// The agent decides.
    Auto,
    /// A person decides.
    Ask,
}

impl RecoveryMode {
    /// The word used in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ask => "ask",
        }
    }
}

impl fmt::Display for RecoveryMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RecoveryMode {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "auto" => Ok(Self::Auto),
            "ask" => Ok(Self::Ask),
            other => Err(format!("{other:?} is no recovery: use \"auto\" or \"ask\"")),
        }
    }
}
