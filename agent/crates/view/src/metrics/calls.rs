//! The calls to AWS, as metrics. They are counted where they are made, and written here when somebody asks.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use super::known::Known;

/// Counts of calls, since the process began. Services and operations are in the words of IAM's actions.
#[derive(Clone, Debug, Default)]
pub struct AwsCalls {
    /// Requests that were sent: service, operation, how many.
    pub sent: Vec<(String, String, u64)>,
    /// Those that gave no answer: service, operation, what kept it away, how many.
    pub failed: Vec<(String, String, &'static str, u64)>,
    /// How far AWS's clock is ahead of this host's, in seconds, by the last answer; none before one.
    pub clock_offset: Option<f64>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct Sent {
    service: String,
    operation: String,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq, EncodeLabelSet)]
struct Failed {
    service: String,
    operation: String,
    kind: &'static str,
}

/// Adds the counts to others.
pub(super) fn register(calls: AwsCalls, all: &mut Registry) {
    let sent = Family::<Sent, Counter>::default();
    for (service, operation, count) in calls.sent {
        let labels = Sent { service, operation };
        sent.get_or_create(&labels).inc_by(count);
    }
    let failed = Family::<Failed, Counter>::default();
    for (service, operation, kind, count) in calls.failed {
        let labels = Failed {
            service,
            operation,
            kind,
        };
        failed.get_or_create(&labels).inc_by(count);
    }
    let offset = Known::default();
    offset.set(calls.clock_offset);
    all.register("aws_calls", "Requests sent to AWS", sent);
    all.register(
        "aws_errors",
        "Requests to AWS that gave no answer, by kind",
        failed,
    );
    all.register_with_unit(
        "aws_clock_offset",
        "How far AWS's clock is ahead of this host's, by the last answer",
        Unit::Seconds,
        offset,
    );
}
