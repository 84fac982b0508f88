//! What instance metadata announces, as plain data.
//!
//! A notice that cannot be read is no notice: the one who looks says so and goes on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::facts::date;

/// A notice that says nothing certain.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
#[error("cannot read {0}: it says {1:?}")]
pub struct Unreadable(&'static str, String);

/// Everything announced, as last seen. `None` means that it was not seen yet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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

impl Target {
    /// Reads it; `None` is a 404.
    pub fn read(text: Option<&str>) -> Self {
        match text.map(str::trim) {
            None => Self::None,
            Some("InService") => Self::InService,
            Some("Terminated" | "Warmed:Terminated") => Self::Terminated,
            Some(other) if other.starts_with("Warmed:") => Self::Warmed,
            Some(_) => Self::Other,
        }
    }
}

/// What spot does to the instance.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SpotNotice {
    /// What happens.
    pub action: SpotAction,
    /// When, in seconds since the Unix epoch.
    pub time: u64,
}

#[derive(Deserialize)]
struct WrittenSpot {
    action: String,
    time: String,
}

/// Reads a spot notice; `None` is a 404.
pub fn spot(text: Option<&str>) -> Result<Option<SpotNotice>, Unreadable> {
    let Some(text) = text else { return Ok(None) };
    let unreadable = || Unreadable("the spot notice", text.to_owned());
    let written: WrittenSpot = serde_json::from_str(text).map_err(|_| unreadable())?;
    let action = match written.action.as_str() {
        "terminate" => SpotAction::Terminate,
        "stop" => SpotAction::Stop,
        "hibernate" => SpotAction::Hibernate,
        _ => return Err(unreadable()),
    };
    let time = date::iso(&written.time).ok_or_else(unreadable)?;
    Ok(Some(SpotNotice { action, time }))
}

#[derive(Deserialize)]
struct WrittenRebalance {
    #[serde(rename = "noticeTime")]
    notice_time: String,
}

/// Reads a rebalance recommendation; `None` is a 404.
pub fn rebalance(text: Option<&str>) -> Result<bool, Unreadable> {
    let Some(text) = text else { return Ok(false) };
    let written = serde_json::from_str::<WrittenRebalance>(text).ok();
    let time = written.and_then(|written| date::iso(&written.notice_time));
    time.map(|_| true)
        .ok_or_else(|| Unreadable("the rebalance recommendation", text.to_owned()))
}

#[derive(Deserialize)]
struct WrittenEvent {
    #[serde(rename = "Code", default)]
    code: String,
    #[serde(rename = "State", default)]
    state: String,
    #[serde(rename = "NotBefore", default)]
    not_before: String,
}

/// Reads the scheduled events: when the first comes that ends the instance's run. A reboot
/// does not: Docker brings the node back.
pub fn maintenance(text: Option<&str>) -> Result<Option<u64>, Unreadable> {
    let Some(text) = text else { return Ok(None) };
    let unreadable = || Unreadable("the scheduled events", text.to_owned());
    let events: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| unreadable())?;
    // One event that cannot be read does not hide the others.
    let events = events
        .into_iter()
        .filter_map(|event| serde_json::from_value::<WrittenEvent>(event).ok());
    let ends = |event: &WrittenEvent| {
        event.state == "active"
            && matches!(event.code.as_str(), "instance-stop" | "instance-retirement")
    };
    let times: Vec<Option<u64>> = events
        .filter(ends)
        .map(|event| date::spoken(&event.not_before))
        .collect();
    match times.iter().flatten().min() {
        None if !times.is_empty() => Err(unreadable()),
        first => Ok(first.copied()),
    }
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
