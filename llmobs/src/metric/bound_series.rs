//! One series of a registered metric.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::OnceLock;

use super::attribute_value::AttributeValue;
use super::attribute_value::to_labels;
use super::kind::Counter;
use super::kind::Gauge;
use super::kind::Histogram;
use super::kind::UpDownCounter;
use super::registration::INVALID_VALUE;
use super::registration::Registration;
use crate::measurement::Label;
use crate::measurement::TraceLink;
use crate::sink::SeriesHandle;

/// One series of a registered metric of kind `K`. Values are recorded only while the level of the observer includes the
/// metric. While it does, a value that the metric cannot have is dropped and counted in `llmobs.self.anomalies`.
#[derive(Debug)]
#[must_use = "a series records nothing by itself"]
pub struct BoundSeries<K> {
    /// `None` for a disabled observer.
    target: Option<Target>,
    kind: PhantomData<K>,
}

#[derive(Debug)]
struct Target {
    registration: Arc<Registration>,
    labels: Box<[Label]>,
    link: Option<TraceLink>,
    /// The series in OpenTelemetry and on the Prometheus page, bound when the first value is recorded.
    series: OnceLock<SeriesHandle>,
}

impl<K> BoundSeries<K> {
    /// Returns a series with `labels`, which are those of an operation or empty, and with `attributes`. `inherited`
    /// names the first attributes of the metric, whose values are in `labels`; `attributes` are the values of the
    /// others.
    pub(super) fn new<const N: usize>(
        registration: Option<Arc<Registration>>,
        labels: &[Label],
        inherited: &[&str],
        attributes: [AttributeValue; N],
        link: Option<TraceLink>,
    ) -> Self {
        let target = registration.map(|registration| {
            let own = &registration.row.row().attributes[inherited.len()..];
            let labels = labels.iter().cloned().chain(to_labels(own, attributes)).collect();
            Target { registration, labels, link, series: OnceLock::new() }
        });
        Self { target, kind: PhantomData }
    }

    /// Records a valid value, or counts an invalid one as an anomaly, if the level includes the metric; otherwise does
    /// nothing.
    fn record_if_enabled(&self, is_valid: bool, record: impl FnOnce(&SeriesHandle, Option<TraceLink>)) {
        let Some(Target { registration, labels, link, series }) = &self.target else { return };
        let Registration { sinks, row, .. } = &**registration;
        if !sinks.is_enabled(row.row().level) {
            return;
        }
        if is_valid {
            record(series.get_or_init(|| sinks.bind_registered(row, labels)), *link);
        } else {
            sinks.count_anomaly(INVALID_VALUE);
        }
    }

    /// Returns whether the metric counts whole numbers.
    fn is_integer(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.registration.row.row().is_integer())
    }
}

impl BoundSeries<Counter> {
    /// Adds an amount in the unit of the metric. An amount of zero creates the series. An amount that is negative or
    /// not finite is not valid, nor is one with a fraction if the metric counts whole numbers.
    pub fn add(&self, amount: impl Into<f64>) {
        let amount = amount.into();
        let is_valid = amount.is_finite() && amount >= 0.0 && (!self.is_integer() || amount.fract() == 0.0);
        self.record_if_enabled(is_valid, |series, _| series.add_f64(amount));
    }
}

impl BoundSeries<Histogram> {
    /// Records a value in the unit of the metric. A value that is negative or not finite is not valid.
    pub fn record(&self, value: impl Into<f64>) {
        let value = value.into();
        self.record_if_enabled(value.is_finite() && value >= 0.0, |series, link| series.record(value, link));
    }
}

impl BoundSeries<Gauge> {
    /// Sets the current value in the unit of the metric. A value that is not finite is not valid.
    pub fn set(&self, value: impl Into<f64>) {
        let value = value.into();
        self.record_if_enabled(value.is_finite(), |series, _| series.set(value));
    }
}

impl BoundSeries<UpDownCounter> {
    /// Sets the current sum in the unit of the metric. Set each series through only one `BoundSeries`, because
    /// OpenTelemetry receives the differences between the values set through it. A value that is not finite is not
    /// valid.
    pub fn set(&self, value: impl Into<f64>) {
        let value = value.into();
        self.record_if_enabled(value.is_finite(), |series, _| series.set(value));
    }
}
