//! The Prometheus sink: series that a recorder accesses by handle, and that a scrape copies under a short lock.
//!
//! The type `Family` of `prometheus-client` is not used: it formats under its read lock, and a new series that waits
//! for the write lock blocks every recorder for milliseconds.

mod view;

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::Weak;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::LabelSetEncoder;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

pub(crate) use self::view::EnabledView;
use super::ObservableSource;
use crate::catalog::Instrument;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::measurement::BucketBounds;
use crate::measurement::HistogramData;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::Observation;
use crate::measurement::TraceLink;

/// A mutable reference to the registry in which the metrics of the page are registered.
pub struct RegistryMut<'a>(&'a mut Registry);

impl<'a> From<&'a mut Registry> for RegistryMut<'a> {
    fn from(registry: &'a mut Registry) -> Self {
        Self(registry)
    }
}

impl fmt::Debug for RegistryMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RegistryMut")
    }
}

impl RegistryMut<'_> {
    /// Returns whether the registry already contains the metrics of an observer. A second observer would add every name
    /// twice, which parsers reject.
    pub(crate) fn has_observer(&self) -> bool {
        let mut page = String::new();
        let encoded = prometheus_client::encoding::text::encode_registry(&mut page, self.0);
        encoded.is_ok() && page.contains("llmobs_build_info")
    }

    pub(crate) fn register(&mut self, collector: ObserverCollector) {
        self.0.register_collector(Box::new(collector));
    }
}

/// All series of an observer, by row and labels.
#[derive(Debug)]
pub(crate) struct SeriesStore {
    rows: Box<[Mutex<SeriesMap>]>,
    level: Arc<AtomicU8>,
}

/// The series of one row, ordered so that two scrapes list them in the same order.
type SeriesMap = BTreeMap<Box<[Label]>, (PrometheusLabels, SeriesValue)>;

impl SeriesStore {
    pub(super) fn new(level: Arc<AtomicU8>) -> Self {
        Self { rows: RowId::ALL.iter().map(|_| Mutex::default()).collect(), level }
    }

    pub(super) fn bind(&self, id: RowId, labels: &[Label], bounds: &BucketBounds) -> SeriesValue {
        let mut series = self.lock(id);
        if let Some((_, value)) = series.get(labels) {
            return value.clone();
        }
        let value = SeriesValue::new(id.row(), bounds);
        series.insert(labels.into(), (PrometheusLabels::new(labels), value.clone()));
        value
    }

    /// Removes every series that has this label. Values recorded afterwards through an existing handle are lost.
    pub(crate) fn remove_by_label(&self, name: &str, value: &str) {
        for id in RowId::ALL {
            self.lock(*id)
                .retain(|labels, _| !labels.iter().any(|label| label.name == name && label.value.as_str() == value));
        }
    }

    /// Returns the number of series of each group.
    pub(crate) fn series_count_by_group(&self) -> BTreeMap<&'static str, usize> {
        let mut groups = BTreeMap::new();
        for id in RowId::ALL {
            *groups.entry(id.row().group.as_str()).or_default() += self.lock(*id).len();
        }
        groups
    }

    fn lock(&self, id: RowId) -> std::sync::MutexGuard<'_, SeriesMap> {
        self.rows[id as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The collector that a registry calls at a scrape.
pub(crate) struct ObserverCollector {
    pub(crate) store: Arc<SeriesStore>,
    pub(crate) source: Weak<dyn ObservableSource>,
    pub(crate) views: Vec<EnabledView>,
}

impl fmt::Debug for ObserverCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverCollector").field("store", &self.store).finish_non_exhaustive()
    }
}

impl Collector for ObserverCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let level = self.store.level.load(Ordering::Relaxed);
        let source = self.source.upgrade();
        if let Some(source) = &source {
            source.prepare();
        }
        for id in RowId::ALL.iter().filter(|id| id.row().level as u8 <= level) {
            let row = id.row();
            if self.views.iter().any(|view| view.hides_row(*id)) {
                continue;
            }
            if row.is_observable() {
                let readings = source.as_ref().map_or_else(Vec::new, |source| source.read(*id));
                encode_observations(&mut encoder, row, &readings)?;
            } else {
                // The values are shared handles, so the lock is held for cloning and not for formatting.
                let series: Vec<_> = self.store.lock(*id).values().cloned().collect();
                encode_series(&mut encoder, row, &series)?;
            }
        }
        if let Some(source) = &source {
            self.views.iter().try_for_each(|view| view.encode(&self.store, &**source, &mut encoder))?;
        }
        Ok(())
    }
}

/// The value of one series, shared by all recorders.
#[derive(Debug, Clone)]
pub(crate) enum SeriesValue {
    Counter(Arc<AtomicU64>),
    /// A counter of fractional values: the bits of an `f64`.
    FloatCounter(Arc<AtomicU64>),
    /// A gauge: the bits of an `f64`.
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<(BucketBounds, Mutex<HistogramData>)>),
    /// A histogram with exemplars, in the only type of `prometheus-client` that encodes exemplars.
    ExemplarHistogram(HistogramWithExemplars<ExemplarLabels>),
}

impl SeriesValue {
    fn new(row: &Row, bounds: &BucketBounds) -> Self {
        match row.instrument {
            Instrument::Histogram if row.has_exemplars() => {
                Self::ExemplarHistogram(HistogramWithExemplars::new(bounds.values().iter().copied()))
            }
            Instrument::Histogram => {
                Self::Histogram(Arc::new((bounds.clone(), Mutex::new(HistogramData::new(bounds)))))
            }
            Instrument::Counter if row.is_integer() => Self::Counter(Arc::default()),
            Instrument::Counter => Self::FloatCounter(Arc::new(AtomicU64::new(0.0_f64.to_bits()))),
            _ => Self::Gauge(Arc::new(AtomicU64::new(0.0_f64.to_bits()))),
        }
    }

    pub(super) fn add(&self, count: u64) {
        if let Self::Counter(sum) = self {
            sum.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(super) fn add_f64(&self, amount: f64) {
        match self {
            Self::FloatCounter(bits) => {
                let add = |bits| Some((f64::from_bits(bits) + amount).to_bits());
                let _ = bits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number, 0 or more")]
            Self::Counter(sum) => {
                sum.fetch_add(amount as u64, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    pub(super) fn set(&self, value: f64) {
        if let (Self::Gauge(bits), true) = (self, value.is_finite()) {
            bits.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    #[cfg(feature = "tower")]
    #[expect(clippy::cast_precision_loss, reason = "the difference is 1 or -1")]
    pub(super) fn add_signed(&self, by: i64) {
        if let Self::Gauge(bits) = self {
            let add = |bits| Some((f64::from_bits(bits) + by as f64).to_bits());
            let _ = bits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }

    pub(super) fn record(&self, value: f64, link: Option<TraceLink>) {
        match self {
            // One NaN would make the sum NaN permanently.
            _ if !value.is_finite() => {}
            Self::Histogram(shared) => {
                shared.1.lock().unwrap_or_else(PoisonError::into_inner).record(&shared.0, value);
            }
            Self::ExemplarHistogram(histogram) => histogram.observe(value, link.map(ExemplarLabels), None),
            Self::Counter(_) | Self::FloatCounter(_) | Self::Gauge(_) => {}
        }
    }

    pub(super) fn merge(&self, counts: &[u32], sum: f64) {
        if let Self::Histogram(shared) = self {
            shared.1.lock().unwrap_or_else(PoisonError::into_inner).merge(counts, sum);
        }
    }

    fn encode(&self, row: &Row, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Counter(sum) => encoder.encode_counter::<NoLabelSet, _, u64>(&sum.load(Ordering::Relaxed), None),
            Self::FloatCounter(bits) => {
                let sum = f64::from_bits(bits.load(Ordering::Relaxed));
                encoder.encode_counter::<NoLabelSet, _, u64>(&sum, None)
            }
            Self::Gauge(bits) => encode_gauge(row, &mut encoder, f64::from_bits(bits.load(Ordering::Relaxed))),
            Self::Histogram(shared) => {
                let snapshot = shared.1.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let upper_bounds = shared.0.values().iter().copied().chain([f64::INFINITY]);
                let buckets: Vec<_> = upper_bounds.zip(snapshot.counts.iter().copied()).collect();
                encoder.encode_histogram::<NoLabelSet>(snapshot.sum, snapshot.count(), &buckets, None)
            }
            Self::ExemplarHistogram(histogram) => histogram.encode(encoder),
        }
    }
}

/// The labels of an exemplar: trace id and span id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExemplarLabels(TraceLink);

impl EncodeLabelSet for ExemplarLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        encode_label(encoder, "trace_id", &format!("{:032x}", u128::from_be_bytes(self.0.trace_id)))?;
        encode_label(encoder, "span_id", &format!("{:016x}", u64::from_be_bytes(self.0.span_id)))
    }
}

/// Labels with their Prometheus names, converted once.
#[derive(Debug, Clone)]
struct PrometheusLabels(Arc<[(Box<str>, LabelValue)]>);

impl PrometheusLabels {
    fn new(labels: &[Label]) -> Self {
        Self(labels.iter().map(|label| (label.name.replace('.', "_").into(), label.value.clone())).collect())
    }
}

impl EncodeLabelSet for PrometheusLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| encode_label(encoder, name, value.as_str()))
    }
}

fn encode_label(encoder: &mut LabelSetEncoder<'_>, name: &str, value: &str) -> fmt::Result {
    let mut label = encoder.encode_label();
    let mut key = label.encode_label_key()?;
    key.write_str(name)?;
    let mut text = key.encode_label_value()?;
    text.write_str(value)?;
    text.finish()
}

fn encode_series(
    encoder: &mut DescriptorEncoder<'_>,
    row: &Row,
    series: &[(PrometheusLabels, SeriesValue)],
) -> fmt::Result {
    encode_row(encoder, row, series, |(labels, value), metric| value.encode(row, metric.encode_family(labels)?))
}

fn encode_observations(encoder: &mut DescriptorEncoder<'_>, row: &Row, readings: &[Observation]) -> fmt::Result {
    encode_row(encoder, row, readings, |reading, metric| {
        let labels = PrometheusLabels::new(&reading.labels);
        let mut series = metric.encode_family(&labels)?;
        if row.instrument == Instrument::ObservableCounter {
            series.encode_counter::<NoLabelSet, _, u64>(&reading.value, None)
        } else {
            encode_gauge(row, &mut series, reading.value)
        }
    })
}

fn encode_row<T>(
    encoder: &mut DescriptorEncoder<'_>,
    row: &Row,
    series: &[T],
    encode: impl Fn(&T, &mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if series.is_empty() {
        return Ok(());
    }
    let unit = row.prometheus_unit().map(|unit| Unit::Other(unit.to_owned()));
    let name = row.name.replace('.', "_");
    let mut metric = encoder.encode_descriptor(&name, row.description, unit.as_ref(), metric_type(row))?;
    series.iter().try_for_each(|item| encode(item, &mut metric))
}

const fn metric_type(row: &Row) -> MetricType {
    match row.instrument {
        Instrument::Counter | Instrument::ObservableCounter => MetricType::Counter,
        Instrument::Histogram => MetricType::Histogram,
        _ => MetricType::Gauge,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer row has whole numbers below 2^53")]
fn encode_gauge(row: &Row, encoder: &mut MetricEncoder<'_>, value: f64) -> fmt::Result {
    if row.is_integer() { encoder.encode_gauge(&(value as i64)) } else { encoder.encode_gauge(&value) }
}
