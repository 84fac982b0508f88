//! The count of swarms a cluster has had.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Counts the swarms of a cluster, from 1. It rises only when a swarm is lost for good
/// or an attempt to create one was passed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch of a cluster's first swarm.
    pub const FIRST: Self = Self(1);

    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The epoch of this number; there is no epoch 0.
    pub fn new(number: u64) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// The name of this epoch's folder in Parameter Store: zero-padded, so that names sort.
    pub fn padded(self) -> String {
        format!("{:010}", self.0)
    }
}

impl Epoch {
    /// The bare number.
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Epoch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.parse().ok().and_then(Self::new);
        number.ok_or_else(|| format!("{text:?} is no epoch"))
    }
}
