//! Every call to AWS, counted in one place, and how far AWS's clock is from this host's.
//!
//! For the whole process: what an error means is known only where its call is made.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::{DateTime, Format};

use super::CloudError;
use host::clock::BootClock;

/// The calls of this process.
pub static CALLS: Calls = Calls(Mutex::new(Counts::new()));

/// What is counted while calls are made.
#[derive(Debug)]
pub struct Calls(Mutex<Counts>);

/// A host's clock against AWS's.
pub trait ClockOffset {
    /// How far AWS's clock is ahead of this host's wall clock, in seconds, by its last answer; none before one.
    fn aws_ahead(&self) -> Option<f64>;
}

impl ClockOffset for BootClock {
    fn aws_ahead(&self) -> Option<f64> {
        CALLS.clock_offset()
    }
}

/// Counts of calls, since the process began.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests that were sent.
    pub sent: BTreeMap<Call, u64>,
    /// Those that gave no answer, by what kept it away.
    pub failed: BTreeMap<(Call, &'static str), u64>,
    /// How far AWS's clock is ahead of this host's, in seconds, by the last answer; none before one.
    pub clock_offset: Option<f64>,
}

/// A call of AWS's API, in the words of IAM's actions.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Call {
    /// `ssm`, `ec2`, `autoscaling`, ….
    pub service: String,
    /// `GetParameter`, ….
    pub operation: String,
}

impl Counts {
    const fn new() -> Self {
        Self {
            sent: BTreeMap::new(),
            failed: BTreeMap::new(),
            clock_offset: None,
        }
    }
}

impl Calls {
    /// All counts, as they are now.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    /// How far AWS's clock is ahead of this host's, in seconds, by the last answer; none before one.
    pub fn clock_offset(&self) -> Option<f64> {
        self.lock().clock_offset
    }

    /// A call gave no answer. `action` is the IAM action, `service:Operation`.
    pub(super) fn failed(&self, action: &str, error: &CloudError) {
        let (service, operation) = action.split_once(':').unwrap_or(("", action));
        let call = Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
        };
        *self.lock().failed.entry((call, error.kind())).or_default() += 1;
    }

    fn sent(&self, call: &Metadata) {
        let call = Call {
            service: service(call.service()),
            operation: call.name().to_owned(),
        };
        *self.lock().sent.entry(call).or_default() += 1;
    }

    fn dated(&self, date: &str, now: SystemTime) {
        if let Some(offset) = offset(date, now) {
            self.lock().clock_offset = Some(offset);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As IAM writes it: the SDK says `SSM`, `EC2`, `Auto Scaling`.
fn service(name: &str) -> String {
    name.chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_lowercase()
}

/// The `Date` of an answer against this host's clock.
fn offset(date: &str, now: SystemTime) -> Option<f64> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    let date = Duration::try_from_secs_f64(date.as_secs_f64()).ok()?;
    let now = now.duration_since(UNIX_EPOCH).ok()?;
    Some(date.as_secs_f64() - now.as_secs_f64())
}

/// Sits in every client.
#[derive(Debug)]
pub(super) struct Observer;

impl Intercept for Observer {
    fn name(&self) -> &'static str {
        "swarmlet-calls"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(call) = config.load::<Metadata>() {
            CALLS.sent(call);
        }
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            CALLS.dated(date, SystemTime::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_what_was_asked_and_what_came_of_it() {
        let calls = Calls(Mutex::default());
        let throttled = CloudError::Throttled {
            action: "ssm:GetParameter",
        };
        for _ in 0..2 {
            calls.sent(&Metadata::new("GetParameter", "SSM"));
        }
        calls.failed("ssm:GetParameter", &throttled);
        calls.dated("Thu, 01 Jan 1970 00:00:10 GMT", UNIX_EPOCH);
        let counts = calls.counts();
        let call = Call {
            service: "ssm".into(),
            operation: "GetParameter".into(),
        };
        assert_eq!(counts.sent, BTreeMap::from([(call.clone(), 2)]));
        let kind = throttled.kind();
        assert_eq!(counts.failed, BTreeMap::from([((call, kind), 1)]));
        assert_eq!(counts.clock_offset, Some(10.0));
    }

    #[test]
    fn an_offset_is_seconds_that_aws_is_ahead() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert_eq!(offset("Thu, 01 Jan 1970 00:20:00 GMT", now), Some(200.0));
        assert_eq!(offset("Thu, 01 Jan 1970 00:00:00 GMT", now), Some(-1_000.0));
        assert_eq!(offset("yesterday", now), None);
    }

    #[test]
    fn services_are_named_as_in_policies() {
        for (name, expected) in [
            ("SSM", "ssm"),
            ("EC2", "ec2"),
            ("Auto Scaling", "autoscaling"),
        ] {
            assert_eq!(service(name), expected);
        }
    }
}
