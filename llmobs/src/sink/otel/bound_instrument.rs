//! One series of an OpenTelemetry instrument: the instrument with one set of labels. Only this module uses bound
//! instruments.
//!
//! A bound instrument avoids the lookup of the attribute set (17 ns instead of 126 ns). Bound instruments are a feature
//! of the API crate and of the SDK crate. If only the API has it, a bound instrument loses every measurement silently.
//! Therefore the feature `otel-bound` of llmobs enables both, and `build` of the observer tests a bound instrument.

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

/// One series of an OpenTelemetry instrument, bound if the feature `otel-bound` is enabled, else with its attributes.
#[derive(Debug)]
pub(crate) enum BoundInstrument {
    /// A counter of whole numbers.
    #[cfg(not(feature = "otel-bound"))]
    Counter(Counter<u64>, Box<[KeyValue]>),
    /// A counter of whole numbers.
    #[cfg(feature = "otel-bound")]
    Counter(BoundCounter<u64>),
    /// A histogram.
    #[cfg(not(feature = "otel-bound"))]
    Histogram(Histogram<f64>, Box<[KeyValue]>),
    /// A histogram.
    #[cfg(feature = "otel-bound")]
    Histogram(BoundHistogram<f64>),
    /// A gauge.
    Gauge(Gauge<f64>, Box<[KeyValue]>),
    /// A counter of fractional values.
    FloatCounter(Counter<f64>, Box<[KeyValue]>),
    /// An up-down counter with its current value, because the instrument accepts differences only.
    UpDownCounter(UpDownCounter<i64>, Box<[KeyValue]>, Arc<Mutex<i64>>),
}

impl BoundInstrument {
    /// Returns the series of a counter with these attributes.
    #[cfg(not(feature = "otel-bound"))]
    pub(super) fn counter(counter: &Counter<u64>, attributes: Vec<KeyValue>) -> Self {
        Self::Counter(counter.clone(), attributes.into())
    }

    /// Returns the series of a counter with these attributes.
    #[cfg(feature = "otel-bound")]
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as without bound instruments")]
    pub(super) fn counter(counter: &Counter<u64>, attributes: Vec<KeyValue>) -> Self {
        Self::Counter(counter.bind(&attributes))
    }

    /// Returns the series of a histogram with these attributes.
    #[cfg(not(feature = "otel-bound"))]
    pub(super) fn histogram(histogram: &Histogram<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Histogram(histogram.clone(), attributes.into())
    }

    /// Returns the series of a histogram with these attributes.
    #[cfg(feature = "otel-bound")]
    #[expect(clippy::needless_pass_by_value, reason = "the same signature as without bound instruments")]
    pub(super) fn histogram(histogram: &Histogram<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Histogram(histogram.bind(&attributes))
    }

    /// Returns the series of a gauge with these attributes.
    pub(super) fn gauge(gauge: &Gauge<f64>, attributes: Vec<KeyValue>) -> Self {
        Self::Gauge(gauge.clone(), attributes.into())
    }

    /// Returns the series of an up-down counter with these attributes; its current value is 0.
    pub(super) fn up_down_counter(counter: &UpDownCounter<i64>, attributes: Vec<KeyValue>) -> Self {
        Self::UpDownCounter(counter.clone(), attributes.into(), Arc::default())
    }

    /// Adds to a counter of whole numbers; has no effect on another instrument.
    pub(in crate::sink) fn add(&self, count: u64) {
        match self {
            #[cfg(not(feature = "otel-bound"))]
            Self::Counter(counter, attributes) => counter.add(count, attributes),
            #[cfg(feature = "otel-bound")]
            Self::Counter(counter) => counter.add(count),
            _ => {}
        }
    }

    /// Adds to an up-down counter with several writers; has no effect on another instrument. Do not combine it with
    /// `set` on one series: the difference that `set` adds does not include this value.
    #[cfg(feature = "tower")]
    pub(in crate::sink) fn add_signed(&self, by: i64) {
        if let Self::UpDownCounter(counter, attributes, _) = self {
            counter.add(by, attributes);
        }
    }

    /// Adds an amount of 0 or more to a counter; a counter of whole numbers ignores the fraction.
    pub(in crate::sink) fn add_f64(&self, amount: f64) {
        match self {
            Self::FloatCounter(counter, attributes) => counter.add(amount, attributes),
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, 0 or more")]
            other => other.add(amount as u64),
        }
    }

    /// Records a value, in the unit of the row, in a histogram. A value that is not finite is ignored.
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

    /// Sets a gauge, or an up-down counter with a single writer. A value that is not finite is ignored.
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

/// Returns the whole number of a value of an integer row; a fraction is discarded.
#[expect(clippy::cast_possible_truncation, reason = "an integer row has whole numbers below 2^53")]
pub(super) const fn to_i64(value: f64) -> i64 {
    value as i64
}
