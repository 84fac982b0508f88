//! Every call to AWS, counted in one place, and how far AWS's clock is from this host's.
//!
//! For the whole process: what an error means is known only where its call is made.

use std::sync::LazyLock;
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
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use super::CloudError;
use crate::known::Known;

/// The calls of this process.
pub static CALLS: LazyLock<Calls> = LazyLock::new(Calls::default);

/// Counts of calls.
#[derive(Debug, Default)]
pub struct Calls {
    sent: Family<Call, Counter>,
    failed: Family<Failed, Counter>,
    offset: Known<f64>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct Call {
    service: String,
    operation: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct Failed {
    service: String,
    operation: String,
    kind: &'static str,
}

impl Calls {
    /// Adds the counts to others.
    pub fn register(&self, all: &mut Registry) {
        all.register("aws_calls", "Requests sent to AWS", self.sent.clone());
        all.register(
            "aws_errors",
            "Requests to AWS that gave no answer, by kind",
            self.failed.clone(),
        );
        all.register_with_unit(
            "aws_clock_offset",
            "How far AWS's clock is ahead of this host's, by the last answer",
            Unit::Seconds,
            self.offset.clone(),
        );
    }

    /// How far AWS's clock is ahead of this host's, in seconds, by the last answer; none before one.
    pub fn clock_offset(&self) -> Option<f64> {
        self.offset.get()
    }

    /// A call gave no answer. `action` is the IAM action, `service:Operation`.
    pub(super) fn failed(&self, action: &str, error: &CloudError) {
        let (service, operation) = action.split_once(':').unwrap_or(("", action));
        let labels = Failed {
            service: service.to_owned(),
            operation: operation.to_owned(),
            kind: error.kind(),
        };
        self.failed.get_or_create(&labels).inc();
    }

    fn sent(&self, call: &Metadata) {
        let labels = Call {
            service: service(call.service()),
            operation: call.name().to_owned(),
        };
        self.sent.get_or_create(&labels).inc();
    }

    fn dated(&self, date: &str, now: SystemTime) {
        if let Some(offset) = offset(date, now) {
            self.offset.set(Some(offset));
        }
    }

    /// Something of everything.
    #[cfg(test)]
    pub(crate) fn fill_for_tests(&self) {
        self.sent(&Metadata::new("GetParameter", "SSM"));
        let throttled = CloudError::Throttled {
            action: "ssm:GetParameter",
        };
        self.failed("ssm:GetParameter", &throttled);
        self.dated("Thu, 01 Jan 1970 00:00:10 GMT", UNIX_EPOCH);
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
