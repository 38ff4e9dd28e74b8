//! The two sinks, the backends that receive recorded values: OpenTelemetry and the Prometheus page. A row is the
//! description of one metric, and a series is one set of label values of it; a `SeriesHandle` records in the series of
//! both sinks. Both receive the same measurements at the same time, except the gaps between tokens or chunks of a
//! stream: OpenTelemetry receives each gap, the page a histogram of them.

#[cfg(feature = "otlp")]
pub(crate) mod export_counts;
mod observable;
pub(crate) mod otel;
pub(crate) mod prometheus;
mod registered;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering;

pub(crate) use self::observable::ObservableSource;
pub(crate) use self::registered::Owner;
pub(crate) use self::registered::Read;
pub(crate) use self::registered::RegisteredRow;
use self::registered::RegisteredRows;
use crate::catalog::Buckets;
use crate::catalog::Instrument;
use crate::catalog::Level;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::BucketBounds;
use crate::measurement::Label;
use crate::measurement::TraceLink;

/// Both sinks of an observer, with the bucket bounds and the level, the amount of detail, that they share.
#[derive(Debug)]
pub(crate) struct Sinks {
    prometheus: Arc<prometheus::SeriesStore>,
    otel: otel::Instruments,
    /// The rows that other crates registered.
    registered: Arc<RegisteredRows>,
    /// The resolution of the histograms that other crates register.
    buckets: Buckets,
    /// The bucket bounds of each row of the catalog, by `RowId`.
    bounds: Box<[BucketBounds]>,
    /// The current [`Level`] as a number; rows of a higher level are not recorded.
    level: Arc<AtomicU8>,
}

/// The settings of the sinks, which the builder of the observer validated.
#[derive(Debug)]
pub(crate) struct SinkSettings {
    /// The bucket bounds of each row of the catalog, by `RowId`.
    pub(crate) bounds: Box<[BucketBounds]>,
    /// The resolution of the histograms that other crates register.
    pub(crate) buckets: Buckets,
    /// The initial level, which determines the rows that are recorded.
    pub(crate) level: Level,
    /// The views of the Prometheus page: tables that show rows under another system's names.
    pub(crate) views: Vec<prometheus::EnabledView>,
}

impl Sinks {
    /// Returns the sinks without any series; `meter` creates the OpenTelemetry instruments.
    pub(crate) fn new(settings: SinkSettings, meter: opentelemetry::metrics::Meter) -> Self {
        let level = Arc::new(AtomicU8::new(settings.level as u8));
        Self {
            prometheus: Arc::new(prometheus::SeriesStore::new(Arc::clone(&level))),
            otel: otel::Instruments::new(meter),
            registered: Arc::new(RegisteredRows::new(settings.views)),
            buckets: settings.buckets,
            bounds: settings.bounds,
            level,
        }
    }

    /// Returns the collector that writes the Prometheus page, to be added to a registry. It reads the catalog's
    /// observable rows from `source` at each scrape, and omits them once the source is dropped.
    pub(crate) fn page(&self, source: Weak<dyn ObservableSource>) -> prometheus::ObserverCollector {
        prometheus::ObserverCollector {
            store: Arc::clone(&self.prometheus),
            registered: Arc::clone(&self.registered),
            source,
        }
    }

    /// Registers OpenTelemetry callbacks that read the catalog's observable rows from `source` at each collection while
    /// the source exists. Returns whether the meter records measurements. Call it once.
    pub(crate) fn register_source(&self, source: &Weak<dyn ObservableSource>) -> otel::MeterHealth {
        self.otel.register_callbacks(source)
    }

    /// Registers a row of another crate for an owner. A row that was registered before and lost its owner continues.
    /// Returns the name of the other metric as an error if a name of the row is already in use on one of the sinks.
    pub(crate) fn register(
        self: &Arc<Self>,
        row: &'static Row,
        owner: Owner,
    ) -> Result<Arc<RegisteredRow>, &'static str> {
        let bounds = || BucketBounds::new(&row.shape.map_or_else(Vec::new, |shape| self.buckets.bounds(shape)));
        let registered = self.registered.register(row, bounds, owner)?;
        if registered.is_new && row.is_observable() {
            let (sinks, weak_row) = (Arc::downgrade(self), Arc::downgrade(&registered.row));
            self.otel.register_callback(row, move || match (sinks.upgrade(), weak_row.upgrade()) {
                (Some(sinks), Some(registered)) if sinks.is_enabled(row.level) => registered.read(),
                _ => Vec::new(),
            });
            // A reading can result in an anomaly, and a callback must not create an instrument.
            self.otel.create_in_advance(RowId::Anomalies, self.bounds(RowId::Anomalies));
        }
        Ok(registered.row)
    }

    /// Returns every row that another crate registered, also rows that lost their owner.
    #[cfg(feature = "testing")]
    pub(crate) fn registered_rows(&self) -> Vec<&'static Row> {
        self.registered.all().iter().map(|registered| registered.row()).collect()
    }

    /// Returns whether each gap of a stream must also be recorded by `SeriesHandle::record_raw`, because OpenTelemetry
    /// cannot merge histograms: true unless the meter records nothing.
    pub(crate) fn should_record_raw(&self) -> bool {
        !self.otel.is_noop()
    }

    /// Returns whether the current level includes the rows of `level`.
    pub(crate) fn is_enabled(&self, level: Level) -> bool {
        level as u8 <= self.level.load(Ordering::Relaxed)
    }

    /// Sets the level from now on.
    pub(crate) fn set_level(&self, level: Level) {
        self.level.store(level as u8, Ordering::Relaxed);
    }

    /// Returns the bucket bounds of a row of the catalog; empty for a row that is not a histogram.
    pub(crate) fn bounds(&self, id: RowId) -> &BucketBounds {
        &self.bounds[id as usize]
    }

    /// Returns the series of a row of the catalog with these labels, at any level, and creates it if it does not exist.
    pub(crate) fn bind(&self, id: RowId, labels: &[Label]) -> SeriesHandle {
        let bounds = self.bounds(id);
        SeriesHandle { prometheus: self.prometheus.bind(id, labels, bounds), otel: self.otel.bind(id, labels, bounds) }
    }

    /// Creates the series of a histogram of the catalog on the Prometheus page, without values, if it does not exist.
    pub(crate) fn create_on_page(&self, id: RowId, labels: &[Label]) {
        let _ = self.prometheus.bind(id, labels, self.bounds(id));
    }

    /// Returns the series of a registered row with these labels, and creates it if it does not exist.
    pub(crate) fn bind_registered(&self, registered: &RegisteredRow, labels: &[Label]) -> SeriesHandle {
        let (row, bounds) = (registered.row(), registered.bounds());
        SeriesHandle {
            prometheus: registered.series().bind(row, labels, bounds),
            otel: self.otel.bind_row(registered.instrument(), row, labels, bounds),
        }
    }

    /// Counts an anomaly, a measurement that cannot be true, in `llmobs.self.anomalies`; `anomaly` names its kind.
    pub(crate) fn count_anomaly(&self, anomaly: &'static str) {
        self.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, anomaly)]).add(1);
    }

    /// Adds to `llmobs.self.dropped` for a signal and a drop reason; 0 creates the series.
    pub(crate) fn count_dropped(&self, signal: &'static str, reason: &'static str, count: u64) {
        let labels = [Label::new(llmobs_attribute::SIGNAL, signal), Label::new(llmobs_attribute::DROP_REASON, reason)];
        self.bind(RowId::DroppedItems, &labels).add(count);
    }

    /// Removes every series that has this label value from the Prometheus page; OpenTelemetry keeps them. Values that
    /// are recorded afterwards through an existing handle do not appear on the page.
    pub(crate) fn remove_series_by_label(&self, name: &str, value: &str) {
        RowId::ALL.iter().for_each(|id| self.prometheus.row(*id).remove_by_label(name, value));
        self.registered.remove_series_by_label(name, value);
    }

    /// Removes a series of a counter of whole numbers from the Prometheus page, and adds its value to the series with the
    /// labels `into`, so that the sum over all series remains. OpenTelemetry, which cannot remove a series, keeps both
    /// unchanged. The caller excludes records in the removed series.
    pub(crate) fn merge_counter_on_page(&self, id: RowId, labels: &[Label], into: &[Label]) {
        self.prometheus.row(id).merge_counter(id.row(), labels, into);
    }

    /// Returns the number of series of the recorded rows on the Prometheus page, by the name of the group of metrics: a
    /// histogram has one series for each bucket, its sum and its count. Views are not counted.
    pub(crate) fn series_count_by_group(&self) -> BTreeMap<&'static str, usize> {
        let mut groups = BTreeMap::new();
        for id in RowId::ALL.iter().filter(|id| self.is_enabled(id.row().level)) {
            let lines = lines_per_series(id.row(), self.bounds(*id));
            *groups.entry(id.row().group.as_str()).or_default() += self.prometheus.row(*id).len() * lines;
        }
        for registered in self.registered.all().iter().filter(|registered| self.is_enabled(registered.row().level)) {
            let count = match registered.row().is_observable() {
                true => registered.read().len(),
                false => registered.series().len() * lines_per_series(registered.row(), registered.bounds()),
            };
            *groups.entry(registered.row().group.as_str()).or_default() += count;
        }
        groups
    }
}

/// Returns the number of lines of the Prometheus page for one set of label values: for a histogram, one for each bound,
/// one for `+Inf`, the sum and the count.
fn lines_per_series(row: &Row, bounds: &BucketBounds) -> usize {
    if matches!(row.instrument, Instrument::Histogram) { bounds.values().len() + 3 } else { 1 }
}

/// One series, one set of label values of a metric, in both sinks: found once and then used without a lookup.
#[derive(Debug)]
pub(crate) struct SeriesHandle {
    prometheus: prometheus::SeriesValue,
    /// `None` if the meter records nothing.
    otel: Option<otel::BoundInstrument>,
}

impl SeriesHandle {
    /// Adds to a counter of whole numbers. Adding zero makes the series appear with the value zero.
    pub(crate) fn add(&self, count: u64) {
        self.prometheus.add(count);
        if let Some(instrument) = &self.otel {
            instrument.add(count);
        }
    }

    /// Adds to a counter; `amount` is 0 or more. A counter of whole numbers ignores the fraction.
    pub(crate) fn add_f64(&self, amount: f64) {
        self.prometheus.add_f64(amount);
        if let Some(instrument) = &self.otel {
            instrument.add_f64(amount);
        }
    }

    /// Sets a gauge, or an up-down counter with a single writer. A value that is not finite is ignored.
    pub(crate) fn set(&self, value: f64) {
        self.prometheus.set(value);
        if let Some(instrument) = &self.otel {
            instrument.set(value);
        }
    }

    /// Adds 1 or -1 to an up-down counter with several writers.
    #[cfg(feature = "tower")]
    pub(crate) fn add_signed(&self, by: i64) {
        self.prometheus.add_signed(by);
        if let Some(instrument) = &self.otel {
            instrument.add_signed(by);
        }
    }

    /// Records one value, in the unit of the row, in a histogram. A value that is not finite is ignored. `link` is the
    /// sampled span that the Prometheus page shows beside the value as its exemplar; only rows with exemplars use it.
    pub(crate) fn record(&self, value: f64, link: Option<TraceLink>) {
        self.prometheus.record(value, link);
        if let Some(instrument) = &self.otel {
            instrument.record(value);
        }
    }

    /// Merges the local histogram of a stream into the Prometheus series: the count of each bucket, in ascending order,
    /// and the sum of the values in seconds.
    pub(crate) fn merge(&self, counts: &[u32], sum: f64) {
        self.prometheus.merge(counts, sum);
    }

    /// Records one value, in seconds, in the OpenTelemetry histogram only, which cannot merge a local histogram.
    pub(crate) fn record_raw(&self, value: f64) {
        if let Some(instrument) = &self.otel {
            instrument.record(value);
        }
    }
}
