//! The calls to AWS, as metrics. They are counted where they are made, and written here when somebody asks.

use aws::Counts;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use crate::known::Known;

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
pub(super) fn register(counts: Counts, all: &mut Registry) {
    let sent = Family::<Sent, Counter>::default();
    for (call, count) in counts.sent {
        let (service, operation) = (call.service, call.operation);
        let labels = Sent { service, operation };
        sent.get_or_create(&labels).inc_by(count);
    }
    let failed = Family::<Failed, Counter>::default();
    for ((call, kind), count) in counts.failed {
        let (service, operation) = (call.service, call.operation);
        let labels = Failed {
            service,
            operation,
            kind,
        };
        failed.get_or_create(&labels).inc_by(count);
    }
    let offset = Known::default();
    offset.set(counts.clock_offset);
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
