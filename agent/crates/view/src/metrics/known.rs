//! A number that is not always known, as a metric: it has no line while it is not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::{EncodeGaugeValue, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;

/// A gauge that may have no value. Clones are the same gauge.
#[derive(Clone, Debug, Default)]
pub(super) struct Known<N>(Arc<Mutex<Option<N>>>);

impl<N: Copy> Known<N> {
    /// What it is, if that is known.
    pub(super) fn get(&self) -> Option<N> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is that, or not known any more.
    pub(super) fn set(&self, value: Option<N>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

impl<N: Copy + EncodeGaugeValue> EncodeMetric for Known<N> {
    fn encode(&self, mut encoder: MetricEncoder) -> Result<(), fmt::Error> {
        self.get()
            .map_or(Ok(()), |value| encoder.encode_gauge(&value))
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Gauge
    }

    fn is_empty(&self) -> bool {
        self.get().is_none()
    }
}
