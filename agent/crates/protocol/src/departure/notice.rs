//! What instance metadata announces, as plain data.

use serde::{Deserialize, Serialize};

/// Everything announced, as last seen. `None` means that it was not seen yet.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Notices {
    /// Where Auto Scaling wants the instance.
    pub target: Option<Target>,
    /// Whether spot takes it back.
    pub spot: Option<Option<SpotNotice>>,
    /// Whether spot recommends to replace it.
    pub rebalance: Option<bool>,
    /// The events that end its run, by the time of the first; no reboots.
    pub maintenance: Option<Option<u64>>,
}

/// `autoscaling/target-lifecycle-state`: where the instance is going, or is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Target {
    /// In no group, or on no way yet.
    None,
    /// `InService`
    InService,
    /// `Terminated`, also out of a warm pool.
    Terminated,
    /// `Warmed:…`: it waits in a warm pool.
    Warmed,
    /// `Standby`, `Detached` and what may come: no departure.
    Other,
}

/// What spot does to the instance.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpotAction {
    /// It ends.
    Terminate,
    /// It stops and may come back.
    Stop,
    /// It is put to sleep and may come back.
    Hibernate,
}

/// `spot/instance-action`
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SpotNotice {
    /// What happens.
    pub action: SpotAction,
    /// When, in seconds since the Unix epoch.
    pub time: u64,
}
