//! The name under which instances find each other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest cluster name: it has to fit into a KMS alias, parameter names and host names.
const LONGEST: usize = 48;

/// A cluster's name, from the `swarm:cluster` tag. It is part of parameter names, of a KMS
/// alias and of host names, so it holds only what all of them allow.
#[derive(Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClusterName(String);

impl ClusterName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be a cluster's name.
#[derive(Debug, Clone, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0:?} is no cluster name: use 1 to 48 letters, digits, \"-\" and \"_\", a letter or a digit first"
)]
pub struct InvalidClusterName(pub String);

impl FromStr for ClusterName {
    type Err = InvalidClusterName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if starts_well && text.len() <= LONGEST && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidClusterName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for ClusterName {
    type Error = InvalidClusterName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClusterName> for String {
    fn from(name: ClusterName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_only_what_aws_names_allow() {
        for good in ["demo", "Demo-2", "a", "9_lives", &"x".repeat(48)] {
            assert_eq!(
                good.parse::<ClusterName>().map(String::from),
                Ok(good.to_owned())
            );
        }
        for bad in [
            "",
            "-demo",
            "_demo",
            "de mo",
            "de/mo",
            "de.mo",
            "dé",
            &"x".repeat(49),
        ] {
            assert_eq!(
                bad.parse::<ClusterName>(),
                Err(InvalidClusterName(bad.to_owned()))
            );
        }
    }
}
