//! What an instance's metadata announces to it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::api::Lab;

/// What happens to an instance that is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpotAction {
    /// It ends.
    Terminate,
    /// It is stopped.
    Stop,
    /// It is stopped here too.
    Hibernate,
}

/// A notice to one instance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    kind: &'static str,
    seconds: f64,
    carry_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<SpotAction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

impl Notice {
    fn of(kind: &'static str, after: Duration) -> Self {
        Self {
            kind,
            seconds: after.as_secs_f64(),
            carry_out: true,
            action: None,
            code: None,
            state: None,
            event: None,
            target: None,
        }
    }

    /// A spot interruption: the instance ends after this long.
    pub fn spot(after: Duration) -> Self {
        Self::of("spot", after).action(SpotAction::Terminate)
    }

    /// A rebalance recommendation.
    pub fn rebalance() -> Self {
        Self::of("rebalance", Duration::ZERO)
    }

    /// A scheduled event: the instance is stopped after this long, unless [`Self::code`] says otherwise.
    pub fn maintenance(after: Duration) -> Self {
        Self::of("maintenance", after).code("instance-stop")
    }

    /// A target lifecycle state, as `Warmed:Stopped`.
    pub fn target(state: &str) -> Self {
        Self {
            target: Some(state.to_owned()),
            ..Self::of("target", Duration::ZERO)
        }
    }

    /// What the interruption does.
    #[must_use]
    pub fn action(mut self, action: SpotAction) -> Self {
        self.action = Some(action);
        self
    }

    /// The event's code, as `system-reboot`.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }

    /// The event's state: `active`, `completed` or `canceled`.
    #[must_use]
    pub fn state(mut self, state: &str) -> Self {
        self.state = Some(state.to_owned());
        self
    }

    /// In place of an earlier event, by the id that [`Lab::notice`] answered.
    #[must_use]
    pub fn event(mut self, id: &str) -> Self {
        self.event = Some(id.to_owned());
        self
    }

    /// Nothing happens when the time comes.
    #[must_use]
    pub fn only_told(mut self) -> Self {
        self.carry_out = false;
        self
    }
}

impl Lab {
    /// Gives an instance a notice, in place of an earlier one of its kind (events stand beside
    /// each other). The lab does what it says when the time comes. Answers the event's id.
    pub fn notice(&self, id: &str, notice: &Notice) -> Result<String> {
        let mut body = serde_json::to_value(notice).context("cannot write down a notice")?;
        body["instance"] = id.into();
        self.admin().give_notice(&body)
    }

    /// Takes all notices to an instance back.
    pub fn clear_notices(&self, id: &str) -> Result<()> {
        self.admin().clear_notices(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_written_as_the_control_plane_reads_them() {
        let spot = Notice::spot(Duration::from_mins(2)).action(SpotAction::Stop);
        let json = serde_json::to_value(spot).expect("json");
        let expected = serde_json::json!({"kind": "spot", "seconds": 120.0, "carry_out": true, "action": "stop"});
        assert_eq!(json, expected);
        let target = Notice::target("Warmed:Stopped").only_told();
        let json = serde_json::to_value(target).expect("json");
        assert_eq!(json["target"], "Warmed:Stopped");
        assert_eq!(json["carry_out"], false);
    }
}
