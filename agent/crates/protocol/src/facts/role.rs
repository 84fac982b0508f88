//! What a node is meant to be, and where it belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A node's role, from its instance's `swarm:role` tag.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Takes part in raft once the leader has promoted it.
    Manager,
    /// Runs tasks only.
    Worker,
}

impl Role {
    /// The word used in tags, settings and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no role: use \"manager\" or \"worker\"")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "manager" => Ok(Self::Manager),
            "worker" => Ok(Self::Worker),
            other => Err(UnknownRole(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_exact_words_are_roles() {
        assert_eq!("manager".parse(), Ok(Role::Manager));
        assert_eq!("worker".parse(), Ok(Role::Worker));
        for word in ["boss", "Manager", "worker ", ""] {
            assert_eq!(word.parse::<Role>(), Err(UnknownRole(word.to_owned())));
        }
    }
}
