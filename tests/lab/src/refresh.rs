//! Instance refreshes.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Cluster, Role};
use crate::wait::wait_until;

/// What a refresh does with instances that are protected from scale-in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProtectedInstances {
    /// Replaces all others, waits for an hour until these are protected no more, and fails.
    #[default]
    Wait,
    /// Leaves them as they are.
    Ignore,
    /// Replaces them as all others.
    Refresh,
}

impl ProtectedInstances {
    fn name(self) -> &'static str {
        match self {
            Self::Wait => "Wait",
            Self::Ignore => "Ignore",
            Self::Refresh => "Refresh",
        }
    }
}

/// How a group's instances are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshSpec {
    /// At least this part of the desired capacity stays healthy.
    pub min_healthy_percent: u8,
    /// And no more than this is there; above 100 the new ones are launched first.
    pub max_healthy_percent: u8,
    /// How long a new one is in service before it counts as healthy; without it, as the group says, which is five
    /// minutes for those of the template.
    pub warmup: Option<Duration>,
    /// What becomes of protected ones.
    pub protected: ProtectedInstances,
}

impl Default for RefreshSpec {
    /// One more at a time, launched before an old one ends.
    fn default() -> Self {
        Self {
            min_healthy_percent: 100,
            max_healthy_percent: 110,
            warmup: Some(Duration::ZERO),
            protected: ProtectedInstances::default(),
        }
    }
}

impl RefreshSpec {
    fn preferences(&self) -> Value {
        let mut preferences = serde_json::json!({
            "MinHealthyPercentage": self.min_healthy_percent,
            "MaxHealthyPercentage": self.max_healthy_percent,
            "ScaleInProtectedInstances": self.protected.name(),
        });
        if let Some(warmup) = self.warmup {
            preferences["InstanceWarmup"] = warmup.as_secs().into();
        }
        preferences
    }
}

/// How far a refresh is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct Refresh {
    /// Its id.
    #[serde(rename = "InstanceRefreshId")]
    pub id: String,
    /// `Pending`, `InProgress`, `Successful`, `Cancelled` or `Failed`.
    pub status: String,
    /// How much of it is done.
    #[serde(default)]
    pub percentage_complete: u8,
    /// How many instances are still to be replaced.
    #[serde(default)]
    pub instances_to_update: u32,
    /// What it waits for, or why it ended so.
    #[serde(default)]
    pub status_reason: Option<String>,
}

impl Cluster {
    /// Starts to replace all instances of a role's group; the answer is the refresh's id.
    pub fn start_refresh(&self, role: Role, spec: &RefreshSpec) -> Result<String> {
        let preferences = spec.preferences().to_string();
        let group = self.group(role);
        let answer = self.lab().aws(&[
            "autoscaling",
            "start-instance-refresh",
            "--auto-scaling-group-name",
            &group,
            "--preferences",
            &preferences,
        ])?;
        let id = answer["InstanceRefreshId"].as_str();
        Ok(id
            .context("cannot start a refresh: the answer has no id")?
            .to_owned())
    }

    /// How far a refresh is.
    pub fn refresh(&self, role: Role, id: &str) -> Result<Refresh> {
        let group = self.group(role);
        let answer = self.lab().aws(&[
            "autoscaling",
            "describe-instance-refreshes",
            "--auto-scaling-group-name",
            &group,
            "--instance-refresh-ids",
            id,
        ])?;
        serde_json::from_value(answer["InstanceRefreshes"][0].clone())
            .with_context(|| format!("cannot find the refresh {id} of {group}"))
    }

    /// Waits until it was successful.
    pub fn wait_refresh(&self, role: Role, id: &str, limit: Duration) -> Result<()> {
        let what = format!("{} is refreshed", self.group(role));
        let ended = wait_until(&what, limit, || {
            let refresh = self.refresh(role, id)?;
            match refresh.status.as_str() {
                "Pending" | "InProgress" => bail!(
                    "{} %, {} to go; {}",
                    refresh.percentage_complete,
                    refresh.instances_to_update,
                    refresh.status_reason.as_deref().unwrap_or("it goes on")
                ),
                _ => Ok(refresh),
            }
        })?;
        match ended.status.as_str() {
            "Successful" => Ok(()),
            other => bail!(
                "cannot refresh {}: it is {other}, {}",
                self.group(role),
                ended.status_reason.unwrap_or_default()
            ),
        }
    }

    /// Ends the refresh of a role's group where it is.
    pub fn cancel_refresh(&self, role: Role) -> Result<()> {
        let group = self.group(role);
        let words = ["autoscaling", "cancel-instance-refresh"];
        let named = ["--auto-scaling-group-name", &group];
        self.lab().aws(&[words, named].concat()).map(drop)
    }
}
