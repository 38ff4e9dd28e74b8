//! Recording values in rows that this crate does not fill.

use std::sync::Arc;

use super::attribute_value::AttributeValue;
use crate::catalog::Instrument;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;

/// A recorder for the rows of group [`Group::Gpu`](crate::catalog::Group::Gpu) that are not observable. Values are
/// recorded in every sink of an observer. Each call looks up its series, so use it for events that happen a few times
/// per second at most.
#[derive(Debug, Clone)]
pub struct Recorder {
    sinks: Option<Arc<Sinks>>,
}

impl Recorder {
    pub(crate) const fn new(sinks: Option<Arc<Sinks>>) -> Self {
        Self { sinks }
    }

    /// Adds an amount to a counter, in the row's unit. An amount of zero creates the series. Calls with an amount that
    /// is negative or not finite, or with a row that does not exist or is not a counter, are ignored.
    pub fn add(&self, row: &str, attributes: &[(&'static str, AttributeValue)], amount: f64) {
        let handle = self.handle(row, attributes, Instrument::Counter);
        if let Some(handle) = handle.filter(|_| amount.is_finite() && amount >= 0.0) {
            handle.add_f64(amount);
        }
    }

    /// Records a value in a histogram, in the row's unit. Calls with a row that does not exist or is not a histogram
    /// are ignored.
    pub fn record(&self, row: &str, attributes: &[(&'static str, AttributeValue)], value: f64) {
        if let Some(handle) = self.handle(row, attributes, Instrument::Histogram) {
            handle.record(value, None);
        }
    }

    /// Counts an anomaly, an observation that cannot be true, in `llmobs.self.anomalies`.
    pub fn record_anomaly(&self, name: &'static str) {
        if let Some(sinks) = &self.sinks {
            sinks.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, name)]).add(1);
        }
    }

    fn handle(
        &self,
        row: &str,
        attributes: &[(&'static str, AttributeValue)],
        instrument: Instrument,
    ) -> Option<SeriesHandle> {
        let sinks = self.sinks.as_ref()?;
        let id = RowId::ALL.iter().find(|id| id.row().name == row)?;
        let row = id.row();
        if !row.is_external() || row.instrument != instrument || !sinks.is_enabled(row.level) {
            return None;
        }
        let listed = attributes.iter().filter(|(name, _)| row.attributes.contains(name));
        let labels: Vec<_> = listed.map(|(name, value)| Label::new(*name, value.0.clone())).collect();
        Some(sinks.bind(*id, &labels))
    }
}
