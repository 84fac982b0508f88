//! What the agent says of the disk that its engine fills.

use serde::{Deserialize, Serialize};

/// The disk of the engine's images and containers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Disk {
    /// The folder on it; of several the one whose disk is the fullest.
    pub folder: String,
    /// How much of it is in use, in hundredths: of its bytes or of its files, whichever is more.
    pub used_percent: u16,
    /// How it stands.
    pub state: DiskState,
    /// How many images were removed since the agent started.
    pub removed_images: u64,
    /// How many containers of ended tasks.
    pub removed_containers: u64,
    /// Why nothing more is removed, or what did not succeed.
    pub error: Option<String>,
    /// When it was looked at, in seconds since the Unix epoch.
    pub seen_at: u64,
}

/// How a disk stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum DiskState {
    /// There is room.
    Enough,
    /// It has passed the high mark: images that nobody uses are removed until the low one is reached.
    Cleaning,
    /// The same, and nothing more may be removed.
    Stuck,
}
