//! What instance metadata announces: a question for each notice.
//!
//! A 404 says that there is none. A notice that cannot be read is no notice: the one who looks says so and goes on.

use protocol::date;
use protocol::departure::notice::{SpotAction, SpotNotice, Target};
use serde::Deserialize;
use thiserror::Error;

use super::{Metadata, MetadataError};

const TARGET: &str = "meta-data/autoscaling/target-lifecycle-state";
const SPOT: &str = "meta-data/spot/instance-action";
const REBALANCE: &str = "meta-data/events/recommendations/rebalance";
const MAINTENANCE: &str = "meta-data/events/maintenance/scheduled";

/// Why it is not known what is announced.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
pub enum NoticeError {
    /// Metadata does not answer, which is no news.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// There is a notice, and it says nothing certain.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// A notice that says nothing certain.
#[derive(Clone, Debug, Eq, PartialEq, Error)]
#[error("cannot read {0}: it says {1:?}")]
pub struct Unreadable(&'static str, String);

/// Where Auto Scaling wants the instance.
///
/// # Errors
/// Metadata does not answer.
pub async fn target(metadata: &impl Metadata) -> Result<Target, MetadataError> {
    Ok(read_target(metadata.get(TARGET).await?.as_deref()))
}

/// Whether spot takes the instance back.
///
/// # Errors
/// Metadata does not answer, or the notice cannot be read.
pub async fn spot(metadata: &impl Metadata) -> Result<Option<SpotNotice>, NoticeError> {
    Ok(read_spot(metadata.get(SPOT).await?.as_deref())?)
}

/// Whether spot recommends to replace the instance.
///
/// # Errors
/// Metadata does not answer, or the recommendation cannot be read.
pub async fn rebalance(metadata: &impl Metadata) -> Result<bool, NoticeError> {
    Ok(read_rebalance(metadata.get(REBALANCE).await?.as_deref())?)
}

/// When the first scheduled event comes that ends the instance's run, in seconds since the Unix epoch. A reboot
/// does not: Docker brings the node back.
///
/// # Errors
/// Metadata does not answer, or the events cannot be read.
pub async fn maintenance(metadata: &impl Metadata) -> Result<Option<u64>, NoticeError> {
    Ok(read_scheduled(metadata.get(MAINTENANCE).await?.as_deref())?)
}

fn read_target(text: Option<&str>) -> Target {
    match text.map(str::trim) {
        None => Target::None,
        Some("InService") => Target::InService,
        Some("Terminated" | "Warmed:Terminated") => Target::Terminated,
        Some(other) if other.starts_with("Warmed:") => Target::Warmed,
        Some(_) => Target::Other,
    }
}

#[derive(Deserialize)]
struct WrittenSpot {
    action: String,
    time: String,
}

fn read_spot(text: Option<&str>) -> Result<Option<SpotNotice>, Unreadable> {
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

fn read_rebalance(text: Option<&str>) -> Result<bool, Unreadable> {
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

fn read_scheduled(text: Option<&str>) -> Result<Option<u64>, Unreadable> {
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
#[path = "notices_tests.rs"]
mod tests;
