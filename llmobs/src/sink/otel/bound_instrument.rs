//! One series of an OpenTelemetry instrument. Only this module uses bound instruments.
//!
//! A bound instrument avoids the lookup of the attribute set (17 ns instead of 126 ns). Without the same feature in the
//! SDK, a bound instrument loses every measurement silently. Therefore the feature `otel-bound` enables both halves,
//! and `build` tests a bound instrument.

use std::sync::Arc;

use opentelemetry::KeyValue;
#[cfg(feature = "otel-bound")]
use opentelemetry::metrics::BoundCounter;
#[cfg(feature = "otel-bound")]
use opentelemetry::metrics::BoundHistogram;
use opentelemetry::metrics::Counter;
use opentelemetry::metrics::Gauge;
use opentelemetry::metrics::Histogram;
use opentelemetry::metrics::UpDownCounter;

use crate::sync::Mutex;

/// One series of an OpenTelemetry instrument.
#[derive(Debug)]
pub(crate) enum BoundInstrument {
    #[cfg(not(feature = "otel-bound"))]
    Counter(Counter<u64>, Box<[KeyValue]>),
    #[cfg(feature = "otel-bound")]
    Counter(BoundCounter<u64>),
    #[cfg(not(feature = "otel-bound"))]
    Histogram(Histogram<f64>, Box<[KeyValue]>),
    #[cfg(feature = "otel-bound")]
    Histogram(BoundHistogram<f64>),
    Gauge(Gauge<f64>, Box<[KeyValue]>),
    /// A counter of fractional values.
    FloatCounter(Counter<f64>, Box<[KeyValue]>),
    /// An up-down counter with its current value, because the instrument accepts differences only.
    UpDownCounter(UpDownCounter<i64>, Box<[KeyValue]>, Arc<Mutex<i64>>),
}

impl BoundInstrument {
    #[cfg(not(feature = "otel-bound"))]
    pub(super) fn counter(counter: &Counter<u64>, attributes: Vec<KeyValue>) -> Self {
        Self::Counter(counter.clone(), attributes.into())
    }

    #[cfg(feature = "otel-bound")]
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as without bound instruments")]
    pub(super) fn counter(counter: &Counter<u64>, attributes: Vec<KeyValue>) -> Self {
        Self::Counter(counter.bind(&attributes))
    }

    #[cfg(not(feature = "otel-bound"))]
    pub(super) fn histogram(histogram: &Histogram<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Histogram(histogram.clone(), attributes.into())
    }

    #[cfg(feature = "otel-bound")]
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as without bound instruments")]
    pub(super) fn histogram(histogram: &Histogram<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Histogram(histogram.bind(&attributes))
    }

    pub(super) fn gauge(gauge: &Gauge<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Gauge(gauge.clone(), attributes.into())
    }

    pub(super) fn up_down_counter(counter: &UpDownCounter<i64>, attributes: Vec<KeyValue>) -> Self {
        Self::UpDownCounter(counter.clone(), attributes.into(), Arc::default())
    }

    pub(in crate::sink) fn add(&self, count: u64) {
        match self {
            #[cfg(not(feature = "otel-bound"))]
            Self::Counter(counter, attributes) => counter.add(count, attributes),
            #[cfg(feature = "otel-bound")]
            Self::Counter(counter) => counter.add(count),
            _ => {}
        }
    }

    /// Adds to an up-down counter with several writers.
    #[cfg(feature = "tower")]
    pub(in crate::sink) fn add_signed(&self, by: i64) {
        if let Self::UpDownCounter(counter, attributes, _) = self {
            counter.add(by, attributes);
        }
    }

    pub(in crate::sink) fn add_f64(&self, amount: f64) {
        match self {
            Self::FloatCounter(counter, attributes) => counter.add(amount, attributes),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, 0 or more")]
            other => other.add(amount as u64),
        }
    }

    pub(in crate::sink) fn record(&self, value: f64) {
        match self {
            // In older SDKs, one NaN makes the sum NaN permanently.
            _ if !value.is_finite() => {}
            #[cfg(not(feature = "otel-bound"))]
            Self::Histogram(histogram, attributes) => histogram.record(value, attributes),
            #[cfg(feature = "otel-bound")]
            Self::Histogram(histogram) => histogram.record(value),
            _ => {}
        }
    }

    pub(in crate::sink) fn set(&self, value: f64) {
        match self {
            _ if !value.is_finite() => {}
            Self::Gauge(gauge, attributes) => gauge.record(value, attributes),
            Self::UpDownCounter(counter, attributes, current) => {
                let mut current = current.lock();
                let value = to_i64(value);
                counter.add(value - *current, attributes);
                *current = value;
            }
            _ => {}
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer row has whole numbers below 2^53")]
pub(super) const fn to_i64(value: f64) -> i64 {
    value as i64
}
