//! A value of an observable metric.

use super::attribute_value::AttributeValue;
use super::attribute_value::to_labels;
use crate::catalog::Instrument;
use crate::catalog::Row;
use crate::measurement::Observation;

/// A value of an observable metric and the values of its attributes.
#[derive(Debug, Clone)]
pub struct Sample<const N: usize> {
    value: f64,
    attributes: [AttributeValue; N],
}

impl<const N: usize> Sample<N> {
    /// Returns a value with its attributes, in the order of the metric. A value that is not finite, or a negative value of
    /// a counter, is dropped at collection and counted in `llmobs.self.anomalies`.
    #[must_use]
    pub const fn new(value: f64, attributes: [AttributeValue; N]) -> Self {
        Self { value, attributes }
    }

    /// Returns the observation of a row; `None` if the row cannot have the value.
    pub(super) fn into_observation(self, row: &'static Row) -> Option<Observation> {
        let is_valid = self.value.is_finite() && (self.value >= 0.0 || row.instrument != Instrument::ObservableCounter);
        let labels = to_labels(row.attributes, self.attributes).collect();
        is_valid.then_some(Observation { labels, value: self.value })
    }
}
