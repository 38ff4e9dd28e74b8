//! The two sinks, OpenTelemetry and the Prometheus page, behind one handle. Both receive the same measurements at the
//! same time, except raw gaps and merged histograms.

#[cfg(feature = "otlp")]
pub(crate) mod export_counts;
pub(crate) mod otel;
pub(crate) mod prometheus;

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

use crate::catalog::Level;
use crate::catalog::RowId;
use crate::measurement::BucketBounds;
use crate::measurement::DeviceRecord;
use crate::measurement::Label;
use crate::measurement::Observation;
use crate::measurement::TraceLink;

/// A provider of the values of observable rows.
pub(crate) trait ObservableSource: Send + Sync + 'static {
    /// Called before the values are read for a collection.
    fn prepare(&self);

    /// Returns the values of an observable row, or nothing if the current level does not include the row.
    fn read(&self, id: RowId) -> Vec<Observation>;

    /// Returns the values of a row that another crate supplies, at any level.
    fn read_external(&self, _: RowId) -> Vec<Observation> {
        Vec::new()
    }

    /// Returns the devices to which those values belong.
    fn devices(&self) -> Vec<DeviceRecord> {
        Vec::new()
    }
}

/// Both sinks, with the bucket bounds and the level that they share.
#[derive(Debug)]
pub(crate) struct Sinks {
    pub(crate) prometheus: Arc<prometheus::SeriesStore>,
    otel: otel::Instruments,
    bounds: Box<[BucketBounds]>,
    level: Arc<AtomicU8>,
}

impl Sinks {
    pub(crate) fn new(bounds: Box<[BucketBounds]>, level: Level, meter: opentelemetry::metrics::Meter) -> Self {
        let level = Arc::new(AtomicU8::new(level as u8));
        Self {
            prometheus: Arc::new(prometheus::SeriesStore::new(Arc::clone(&level))),
            otel: otel::Instruments::new(meter),
            bounds,
            level,
        }
    }

    /// Registers callbacks that read the observable rows from `source` while the source exists. Returns whether the
    /// OpenTelemetry meter records measurements.
    pub(crate) fn register_source(&self, source: &Weak<dyn ObservableSource>) -> otel::MeterHealth {
        self.otel.register_callbacks(source)
    }

    /// Registers callbacks for the rows that other crates supply, when the first of these crates registers.
    pub(crate) fn register_external_source(&self, source: &Weak<dyn ObservableSource>) {
        self.otel.register_external_callbacks(source);
    }

    /// Returns whether raw values must be recorded for a backend that cannot merge histograms.
    pub(crate) fn should_record_raw(&self) -> bool {
        !self.otel.is_noop()
    }

    pub(crate) fn is_enabled(&self, level: Level) -> bool {
        level as u8 <= self.level.load(Ordering::Relaxed)
    }

    pub(crate) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    pub(crate) fn bounds(&self, id: RowId) -> &BucketBounds {
        &self.bounds[id as usize]
    }

    /// Returns the series of a row with these labels, and creates it if it does not exist.
    pub(crate) fn bind(&self, id: RowId, labels: &[Label]) -> SeriesHandle {
        let bounds = self.bounds(id);
        SeriesHandle { prometheus: self.prometheus.bind(id, labels, bounds), otel: self.otel.bind(id, labels, bounds) }
    }
}

/// One series in both sinks, found once and then used without a lookup.
#[derive(Debug)]
pub(crate) struct SeriesHandle {
    prometheus: prometheus::SeriesValue,
    /// `None` if the meter records nothing.
    otel: Option<otel::BoundInstrument>,
}

impl SeriesHandle {
    /// Adds to a counter. Adding zero creates the series.
    pub(crate) fn add(&self, count: u64) {
        self.prometheus.add(count);
        if let Some(instrument) = &self.otel {
            instrument.add(count);
        }
    }

    /// Adds to a counter of fractional values.
    pub(crate) fn add_f64(&self, amount: f64) {
        self.prometheus.add_f64(amount);
        if let Some(instrument) = &self.otel {
            instrument.add_f64(amount);
        }
    }

    /// Sets a gauge, or an up-down counter with a single writer.
    pub(crate) fn set(&self, value: f64) {
        self.prometheus.set(value);
        if let Some(instrument) = &self.otel {
            instrument.set(value);
        }
    }

    /// Adds to an up-down counter with several writers.
    #[cfg(feature = "tower")]
    pub(crate) fn add_signed(&self, by: i64) {
        self.prometheus.add_signed(by);
        if let Some(instrument) = &self.otel {
            instrument.add_signed(by);
        }
    }

    /// Records one value in a histogram.
    pub(crate) fn record(&self, value: f64, link: Option<TraceLink>) {
        self.prometheus.record(value, link);
        if let Some(instrument) = &self.otel {
            instrument.record(value);
        }
    }

    /// Merges the local histogram of a stream into the Prometheus series.
    pub(crate) fn merge(&self, counts: &[u32], sum: f64) {
        self.prometheus.merge(counts, sum);
    }

    /// Records one value in the OpenTelemetry histogram, which cannot merge a local histogram.
    pub(crate) fn record_raw(&self, value: f64) {
        if let Some(instrument) = &self.otel {
            instrument.record(value);
        }
    }
}
