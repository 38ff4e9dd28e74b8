//! The two sinks, OpenTelemetry and the Prometheus page, behind one handle. Both receive the same measurements at the
//! same time, except raw gaps and merged histograms.

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
use crate::catalog::Level;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::measurement::BucketBounds;
use crate::measurement::Label;
use crate::measurement::TraceLink;

/// Both sinks, with the bucket bounds and the level that they share.
#[derive(Debug)]
pub(crate) struct Sinks {
    prometheus: Arc<prometheus::SeriesStore>,
    otel: otel::Instruments,
    registered: Arc<RegisteredRows>,
    buckets: Buckets,
    bounds: Box<[BucketBounds]>,
    level: Arc<AtomicU8>,
}

/// The settings of the sinks.
#[derive(Debug)]
pub(crate) struct SinkSettings {
    /// The bucket bounds of each row of the catalog.
    pub(crate) bounds: Box<[BucketBounds]>,
    /// The bucket bounds of rows that other crates register.
    pub(crate) buckets: Buckets,
    pub(crate) level: Level,
    /// The views of the Prometheus page.
    pub(crate) views: Vec<prometheus::EnabledView>,
}

impl Sinks {
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

    /// Returns the collector of the Prometheus page. It reads the catalog's observable rows from `source`.
    pub(crate) fn page(&self, source: Weak<dyn ObservableSource>) -> prometheus::ObserverCollector {
        prometheus::ObserverCollector {
            store: Arc::clone(&self.prometheus),
            registered: Arc::clone(&self.registered),
            source,
        }
    }

    /// Registers callbacks that read the observable rows from `source` while the source exists. Returns whether the
    /// OpenTelemetry meter records measurements.
    pub(crate) fn register_source(&self, source: &Weak<dyn ObservableSource>) -> otel::MeterHealth {
        self.otel.register_callbacks(source)
    }

    /// Registers a row of another crate for an owner. Returns the metric that has the same name as an error.
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

    /// Returns every row that another crate registered.
    #[cfg(feature = "testing")]
    pub(crate) fn registered_rows(&self) -> Vec<&'static Row> {
        self.registered.all().iter().map(|registered| registered.row()).collect()
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

    /// Returns the series of a registered row with these labels, and creates it if it does not exist.
    pub(crate) fn bind_registered(&self, registered: &RegisteredRow, labels: &[Label]) -> SeriesHandle {
        let (row, bounds) = (registered.row(), registered.bounds());
        SeriesHandle {
            prometheus: registered.series().bind(row, labels, bounds),
            otel: self.otel.bind_row(registered.instrument(), row, labels, bounds),
        }
    }

    /// Counts an anomaly, a measurement that cannot be true.
    pub(crate) fn count_anomaly(&self, anomaly: &'static str) {
        self.bind(RowId::Anomalies, &[Label::new(llmobs_attribute::ANOMALY, anomaly)]).add(1);
    }

    /// Removes every series that has this label from the Prometheus page. Values recorded afterwards through an existing
    /// handle are lost.
    pub(crate) fn remove_series_by_label(&self, name: &str, value: &str) {
        RowId::ALL.iter().for_each(|id| self.prometheus.row(*id).remove_by_label(name, value));
        self.registered.remove_series_by_label(name, value);
    }

    /// Returns the number of series of each group on the Prometheus page.
    pub(crate) fn series_count_by_group(&self) -> BTreeMap<&'static str, usize> {
        let mut groups = BTreeMap::new();
        for id in RowId::ALL {
            *groups.entry(id.row().group.as_str()).or_default() += self.prometheus.row(*id).len();
        }
        self.registered.count_series_by_group(&mut groups);
        groups
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
