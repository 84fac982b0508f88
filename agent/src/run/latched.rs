//! What an operator has asked for, and how far the launch has come.

use serde::{Deserialize, Serialize};

use super::memory::{Memory, MemoryError};
use protocol::departure::Request;

const REQUEST: &str = "request.json";
const LAUNCH: &str = "launch.json";

/// How far the launch of this instance has come.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Launched {
    /// It has been in the swarm.
    pub(super) joined: bool,
    /// Its group has heard how it went.
    pub(super) told: bool,
    /// When the agent first ran on it while it was on its way into service, in seconds since the machine's boot.
    #[serde(default)]
    pub(super) since: Option<u64>,
    /// In which boot that was.
    #[serde(default)]
    pub(super) boot: String,
    /// The launch did not begin with this boot.
    #[serde(default)]
    pub(super) again: bool,
}

impl Memory {
    /// What an operator asked for last.
    pub fn request(&self) -> Result<Option<Request>, MemoryError> {
        self.own(REQUEST)
    }

    /// Leaves an operator's request, for this very instance.
    pub fn ask(&self, request: &Request) -> Result<(), MemoryError> {
        self.keep(REQUEST, request)
    }

    /// How far the launch has come.
    pub(super) fn launched(&self) -> Result<Launched, MemoryError> {
        Ok(self.own(LAUNCH)?.unwrap_or_default())
    }

    /// Remembers how far the launch has come.
    pub(super) fn remember_launch(&self, launched: &Launched) -> Result<(), MemoryError> {
        self.keep(LAUNCH, launched)
    }
}
