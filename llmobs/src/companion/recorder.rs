//! Recording in rows that are nobody's here.

use std::sync::Arc;

use super::AttributeValue;
use crate::catalog::Instrument;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::Label;
use crate::sink::SeriesHandle;
use crate::sink::Sinks;

/// Records in the rows of group [`Group::Gpu`](crate::catalog::Group::Gpu) that are not observable, in every backend
/// of an observer. Each call looks its series up: it is made for what happens a few times a second.
#[derive(Debug, Clone)]
pub struct Recorder {
    sinks: Option<Arc<Sinks>>,
}

impl Recorder {
    pub(crate) const fn new(sinks: Option<Arc<Sinks>>) -> Self {
        Self { sinks }
    }

    /// Adds to a counter, in the row's unit. Zero makes the series visible. What is not finite or below zero is left
    /// out, and so is a row that is not there or not a counter.
    pub fn add(&self, row: &str, attributes: &[(&'static str, AttributeValue)], amount: f64) {
        let handle = self.handle(row, attributes, Instrument::Counter);
        if let Some(handle) = handle.filter(|_| amount.is_finite() && amount >= 0.0) {
            handle.add_real(amount);
        }
    }

    /// Records a value of a histogram, in the row's unit. A row that is not there or no histogram is left out.
    pub fn record(&self, row: &str, attributes: &[(&'static str, AttributeValue)], value: f64) {
        if let Some(handle) = self.handle(row, attributes, Instrument::Histogram) {
            handle.record(value, None);
        }
    }

    /// Counts something that could not be true, as `llmobs.self.anomalies`.
    pub fn anomaly(&self, name: &'static str) {
        if let Some(sinks) = &self.sinks {
            sinks.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, name)]).add(1);
        }
    }

    fn handle(
        &self,
        row: &str,
        attributes: &[(&'static str, AttributeValue)],
        kind: Instrument,
    ) -> Option<SeriesHandle> {
        let sinks = self.sinks.as_ref()?;
        let id = RowId::ALL.iter().find(|id| id.row().name == row)?;
        let row = id.row();
        if !row.is_external() || row.instrument != kind || !sinks.is_enabled(row.level) {
            return None;
        }
        let known = attributes.iter().filter(|(name, _)| row.attributes.contains(name));
        let labels: Vec<_> = known.map(|(name, word)| Label::new(*name, word.0.clone())).collect();
        Some(sinks.bind(*id, &labels))
    }
}
