//! Faults that the control plane makes on demand.

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::admin::Admin;

/// What happens to a request that a fault matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Too many requests, in the service's own words.
    Throttle,
    /// Access denied.
    Deny,
    /// An internal error.
    Error,
    /// What is asked is done late.
    Delay,
    /// What is asked is done at once, and its answer comes late.
    Late,
    /// No answer.
    Drop,
    /// An answer at another time: the service's clock is not that of the machines.
    Skew,
    /// Another answer of instance metadata.
    Answer,
}

/// Which requests go wrong, how, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// `ssm`, `ec2`, `imds` and so on, or `*`.
    pub service: String,
    /// One action of the service; all if none.
    pub action: Option<String>,
    /// Only requests of or about this cluster.
    pub cluster: Option<String>,
    /// Only requests of this instance.
    pub instance: Option<String>,
    /// Only requests about a name or id like this pattern of a shell.
    pub target: Option<String>,
    /// Only requests for which EC2 has to look into this zone.
    pub zone: Option<String>,
    /// What happens.
    pub effect: Effect,
    /// Only what goes beyond so many requests a second is throttled.
    pub per_second: Option<u32>,
    /// What a denial says instead of "because no identity-based policy allows the … action".
    pub reason: Option<String>,
    /// How late what is delayed, or only its answer, is.
    pub delay_ms: Option<u64>,
    /// How far the service's clock is ahead.
    pub skew_seconds: Option<i64>,
    /// The fault ends by itself after this long.
    pub seconds: Option<u64>,
    /// It hits an instance only this long after its launch.
    pub since_launch_seconds: Option<u64>,
    /// What metadata answers instead.
    pub body: Option<String>,
    /// Or which members of the JSON object that it answers are others.
    pub merge: Option<serde_json::Value>,
}

impl Fault {
    /// All requests to a service, until the fault is taken away.
    pub fn new(service: &str, effect: Effect) -> Self {
        Self {
            service: service.to_owned(),
            action: None,
            cluster: None,
            instance: None,
            target: None,
            zone: None,
            effect,
            per_second: None,
            reason: None,
            delay_ms: None,
            skew_seconds: None,
            seconds: None,
            since_launch_seconds: None,
            body: None,
            merge: None,
        }
    }

    /// Metadata answers this for paths like the pattern.
    pub fn answer(path: &str, body: &str) -> Self {
        Self {
            body: Some(body.to_owned()),
            ..Self::new("imds", Effect::Answer).target(path)
        }
    }

    /// Metadata's JSON objects at paths like the pattern have these members.
    pub fn merge(path: &str, members: serde_json::Value) -> Self {
        Self {
            merge: Some(members),
            ..Self::new("imds", Effect::Answer).target(path)
        }
    }

    /// Only this action.
    #[must_use]
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// Only this cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: &str) -> Self {
        self.cluster = Some(cluster.to_owned());
        self
    }

    /// Only this instance.
    #[must_use]
    pub fn instance(mut self, id: &str) -> Self {
        self.instance = Some(id.to_owned());
        self
    }

    /// Only what this pattern fits.
    #[must_use]
    pub fn target(mut self, pattern: &str) -> Self {
        self.target = Some(pattern.to_owned());
        self
    }

    /// Only one zone of EC2.
    #[must_use]
    pub fn zone(mut self, zone: &str) -> Self {
        self.zone = Some(zone.to_owned());
        self
    }

    /// Only beyond this rate.
    #[must_use]
    pub fn per_second(mut self, rate: u32) -> Self {
        self.per_second = Some(rate);
        self
    }

    /// By another policy than the role's, in AWS's words.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }

    /// With this delay.
    #[must_use]
    pub fn delay_ms(mut self, delay: u64) -> Self {
        self.delay_ms = Some(delay);
        self
    }

    /// With the service's clock so far ahead.
    #[must_use]
    pub fn skew_seconds(mut self, skew: i64) -> Self {
        self.skew_seconds = Some(skew);
        self
    }

    /// For this long.
    #[must_use]
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.seconds = Some(seconds);
        self
    }

    /// For this long after an instance's launch.
    #[must_use]
    pub fn since_launch_seconds(mut self, seconds: u64) -> Self {
        self.since_launch_seconds = Some(seconds);
        self
    }

    /// Starts it; it lasts as long as the guard.
    pub(crate) fn start(&self, admin: &Admin) -> Result<FaultGuard> {
        let body = serde_json::to_value(self).context("cannot write down a fault")?;
        Ok(FaultGuard {
            id: admin.add_fault(&body)?,
            admin: admin.clone(),
        })
    }
}

/// A fault that goes on until this is dropped.
#[derive(Debug)]
#[must_use = "the fault ends when this is dropped"]
pub struct FaultGuard {
    admin: Admin,
    id: String,
}

impl Drop for FaultGuard {
    fn drop(&mut self) {
        // One that ended by itself may be gone already.
        let _ = self.admin.remove_fault(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_the_control_plane_reads_it() {
        let fault = Fault::new("ssm", Effect::Throttle)
            .action("GetParameter")
            .cluster("a")
            .seconds(30);
        let json = serde_json::to_value(&fault).expect("json");
        assert_eq!(json["effect"], "throttle");
        assert_eq!(json["action"], "GetParameter");
        assert_eq!(json["seconds"], 30);
        assert!(json["instance"].is_null());
    }
}
