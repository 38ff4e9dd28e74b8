//! The two backends behind one handle: the same facts go to both at the same moments.

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

/// What knows the values of the observable rows.
pub(crate) trait ObservableSource: Send + Sync + 'static {
    /// Somebody is about to collect.
    fn prepare(&self);

    /// The values of an observable row, if the level has it.
    fn read(&self, id: RowId) -> Vec<Observation>;

    /// The values of a row that comes from outside, at any level.
    fn read_always(&self, _: RowId) -> Vec<Observation> {
        Vec::new()
    }

    /// The devices that those values are of.
    fn devices(&self) -> Vec<DeviceRecord> {
        Vec::new()
    }
}

/// Both backends and what they share.
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

    /// Starts to read the observable rows from `source`, for as long as it lives. Tells whether OpenTelemetry kept
    /// what it was given.
    pub(crate) fn attach(&self, source: &Weak<dyn ObservableSource>) -> otel::MeterHealth {
        self.otel.observe(source)
    }

    /// Starts to read the rows that come from outside, once somebody gives them.
    pub(crate) fn attach_foreign(&self, source: &Weak<dyn ObservableSource>) {
        self.otel.observe_foreign(source);
    }

    /// Whether values must be kept raw for a backend.
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

    /// The series of a row under these labels, made if it does not exist yet.
    pub(crate) fn bind(&self, id: RowId, labels: &[Label]) -> SeriesHandle {
        let bounds = self.bounds(id);
        SeriesHandle { prometheus: self.prometheus.bind(id, labels, bounds), otel: self.otel.bind(id, labels, bounds) }
    }
}

/// One series in both backends, found once and then used without a lookup.
#[derive(Debug)]
pub(crate) struct SeriesHandle {
    prometheus: prometheus::SeriesValue,
    /// None where the meter records nothing.
    otel: Option<otel::BoundInstrument>,
}

impl SeriesHandle {
    /// Adds to a counter. Zero makes the series visible.
    pub(crate) fn add(&self, count: u64) {
        self.prometheus.add(count);
        if let Some(cell) = &self.otel {
            cell.add(count);
        }
    }

    /// Adds to a counter that may hold fractions.
    pub(crate) fn add_real(&self, amount: f64) {
        self.prometheus.add_real(amount);
        if let Some(cell) = &self.otel {
            cell.add_real(amount);
        }
    }

    /// Sets a gauge, or an up-down counter that nobody else moves.
    pub(crate) fn set(&self, value: f64) {
        self.prometheus.set(value);
        if let Some(cell) = &self.otel {
            cell.set(value);
        }
    }

    /// Moves an up-down counter that many move.
    #[cfg(feature = "tower")]
    pub(crate) fn shift(&self, by: i64) {
        self.prometheus.shift(by);
        if let Some(cell) = &self.otel {
            cell.shift(by);
        }
    }

    /// Records one value of a distribution.
    pub(crate) fn record(&self, value: f64, link: Option<TraceLink>) {
        self.prometheus.record(value, link);
        if let Some(cell) = &self.otel {
            cell.record(value);
        }
    }

    /// Adds a histogram that a stream kept for itself, where one can be merged.
    pub(crate) fn merge(&self, counts: &[u32], sum: f64) {
        self.prometheus.merge(counts, sum);
    }

    /// Records one value where a histogram cannot be merged.
    pub(crate) fn record_raw(&self, value: f64) {
        if let Some(cell) = &self.otel {
            cell.record(value);
        }
    }
}
