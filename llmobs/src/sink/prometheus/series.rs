//! The series of the Prometheus page: labels and values that recorders share with a scrape, one reading of the page. A
//! series is one set of label values of a row, the description of a metric.

use crate::sync::Mutex;
use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::LabelSetEncoder;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::encoding::NoLabelSet;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;

use crate::catalog::Instrument;
use crate::catalog::Row;
use crate::catalog::RowId;
use crate::catalog::to_prometheus_name;
use crate::measurement::BucketBounds;
use crate::measurement::HistogramData;
use crate::measurement::Label;
use crate::measurement::LabelValue;
use crate::measurement::Observation;
use crate::measurement::TraceLink;

/// The recorded series of all rows of the catalog, by row and labels.
#[derive(Debug)]
pub(crate) struct SeriesStore {
    rows: Box<[RowSeries]>,
    /// The current level as a number, shared with the sinks; a scrape omits rows of a higher level.
    pub(super) level: Arc<AtomicU8>,
}

/// The series of one row, by their labels.
#[derive(Debug, Default)]
pub(crate) struct RowSeries(Mutex<SeriesMap>);

impl RowSeries {
    /// Returns the series with these labels, and creates it with the value zero if it does not exist. `bounds` are the
    /// buckets of a histogram.
    pub(in crate::sink) fn bind(&self, row: &Row, labels: &[Label], bounds: &BucketBounds) -> SeriesValue {
        let mut series = self.lock();
        if let Some((_, value)) = series.get(labels) {
            return value.clone();
        }
        let value = SeriesValue::new(row, bounds);
        series.insert(labels.into(), (PrometheusLabels::new(labels), value.clone()));
        value
    }

    /// Removes every series that has this label value. Values that are recorded afterwards through an existing handle
    /// do not appear on the page.
    pub(in crate::sink) fn remove_by_label(&self, name: &str, value: &str) {
        let has_label =
            |labels: &[Label]| labels.iter().any(|label| label.name == name && label.value.as_str() == value);
        self.lock().retain(|labels, _| !has_label(labels));
    }

    /// Removes a series of a counter of whole numbers, and adds its value to the series with the labels `into`, which is
    /// created if it does not exist. Has no effect if the series does not exist.
    pub(in crate::sink) fn merge_counter(&self, row: &Row, labels: &[Label], into: &[Label]) {
        let mut series = self.lock();
        let Some((_, SeriesValue::Counter(removed))) = series.remove(labels) else { return };
        let new = || (PrometheusLabels::new(into), SeriesValue::new(row, &BucketBounds::new(&[])));
        let (_, sum) = series.entry(into.into()).or_insert_with(new);
        sum.add(removed.load(Ordering::Relaxed));
    }

    /// Returns the number of series.
    pub(in crate::sink) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Returns the labels and the value of every series, ordered by the labels. The values are shared handles, so the
    /// lock is held for cloning and not for formatting.
    pub(super) fn snapshot(&self) -> Vec<(PrometheusLabels, SeriesValue)> {
        self.lock().values().cloned().collect()
    }

    /// Returns the current value of every series of a counter or gauge; a histogram has none.
    pub(super) fn observations(&self) -> Vec<Observation> {
        let series = self.lock();
        let scalars = series
            .iter()
            .filter_map(|(labels, (_, value))| Some(Observation { labels: labels.to_vec(), value: value.scalar()? }));
        scalars.collect()
    }

    fn lock(&self) -> crate::sync::MutexGuard<'_, SeriesMap> {
        self.0.lock()
    }
}

/// Series by their labels, ordered so that two scrapes list them in the same order.
type SeriesMap = BTreeMap<Box<[Label]>, (PrometheusLabels, SeriesValue)>;

impl SeriesStore {
    /// Returns a store without series. `level` holds the current level as a number.
    pub(in crate::sink) fn new(level: Arc<AtomicU8>) -> Self {
        Self { rows: RowId::ALL.iter().map(|_| RowSeries::default()).collect(), level }
    }

    /// Returns the series of a row with these labels, and creates it with the value zero if it does not exist.
    pub(in crate::sink) fn bind(&self, id: RowId, labels: &[Label], bounds: &BucketBounds) -> SeriesValue {
        self.row(id).bind(id.row(), labels, bounds)
    }

    /// Returns the series of a row of the catalog.
    pub(in crate::sink) fn row(&self, id: RowId) -> &RowSeries {
        &self.rows[id as usize]
    }
}

/// The value of one series on the page. Clones share the value.
#[derive(Debug, Clone)]
pub(crate) enum SeriesValue {
    /// A counter of whole numbers.
    Counter(Arc<AtomicU64>),
    /// A counter of fractional values: the bits of an `f64`.
    FloatCounter(Arc<AtomicU64>),
    /// A gauge: the bits of an `f64`.
    Gauge(Arc<AtomicU64>),
    /// A histogram without exemplars, with its bucket bounds.
    Histogram(Arc<(BucketBounds, Mutex<HistogramData>)>),
    /// A histogram with exemplars (trace ids beside values), in the only type of `prometheus-client` that encodes
    /// exemplars.
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

    /// Adds to a counter of whole numbers; has no effect on another value.
    pub(in crate::sink) fn add(&self, count: u64) {
        if let Self::Counter(sum) = self {
            sum.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Adds an amount of 0 or more to a counter; a counter of whole numbers ignores the fraction.
    pub(in crate::sink) fn add_f64(&self, amount: f64) {
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

    /// Sets a gauge or an up-down counter. A value that is not finite is ignored.
    pub(in crate::sink) fn set(&self, value: f64) {
        if let (Self::Gauge(bits), true) = (self, value.is_finite()) {
            bits.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Adds 1 or -1 to an up-down counter with several writers.
    #[cfg(feature = "tower")]
    #[expect(clippy::cast_precision_loss, reason = "the difference is 1 or -1")]
    pub(in crate::sink) fn add_signed(&self, by: i64) {
        if let Self::Gauge(bits) = self {
            let add = |bits| Some((f64::from_bits(bits) + by as f64).to_bits());
            let _ = bits.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        }
    }

    /// Records a value, in the unit of the row, in a histogram, with `link` as its exemplar if the row has exemplars. A
    /// value that is not finite is ignored.
    pub(in crate::sink) fn record(&self, value: f64, link: Option<TraceLink>) {
        match self {
            // One NaN would make the sum NaN permanently.
            _ if !value.is_finite() => {}
            Self::Histogram(shared) => {
                shared.1.lock().record(&shared.0, value);
            }
            Self::ExemplarHistogram(histogram) => histogram.observe(value, link.map(ExemplarLabels), None),
            Self::Counter(_) | Self::FloatCounter(_) | Self::Gauge(_) => {}
        }
    }

    /// Adds the local histogram of a stream to a histogram without exemplars: the count of each bucket, in ascending
    /// order, and the sum in the unit of the row.
    pub(in crate::sink) fn merge(&self, counts: &[u32], sum: f64) {
        if let Self::Histogram(shared) = self {
            shared.1.lock().merge(counts, sum);
        }
    }

    /// Returns the current value of a counter or gauge; `None` for a histogram.
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
    pub(super) fn scalar(&self) -> Option<f64> {
        match self {
            Self::Counter(sum) => Some(sum.load(Ordering::Relaxed) as f64),
            Self::FloatCounter(bits) | Self::Gauge(bits) => Some(f64::from_bits(bits.load(Ordering::Relaxed))),
            Self::Histogram(_) | Self::ExemplarHistogram(_) => None,
        }
    }

    /// Writes the value as a sample of the row; `encoder` has written the labels.
    pub(super) fn encode(&self, row: &Row, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        match self {
            Self::Counter(sum) => encoder.encode_counter::<NoLabelSet, _, u64>(&sum.load(Ordering::Relaxed), None),
            Self::FloatCounter(bits) => {
                let sum = f64::from_bits(bits.load(Ordering::Relaxed));
                encoder.encode_counter::<NoLabelSet, _, u64>(&sum, None)
            }
            Self::Gauge(bits) => encode_gauge(row, &mut encoder, f64::from_bits(bits.load(Ordering::Relaxed))),
            Self::Histogram(shared) => {
                let upper_bounds = shared.0.values().iter().copied().chain([f64::INFINITY]);
                let (buckets, sum, count) = {
                    let data = shared.1.lock();
                    let buckets: Vec<_> = upper_bounds.zip(data.counts.iter().copied()).collect();
                    (buckets, data.sum, data.count())
                };
                encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
            }
            Self::ExemplarHistogram(histogram) => histogram.encode(encoder),
        }
    }
}

/// The labels of an exemplar: trace id and span id, in hexadecimal digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExemplarLabels(TraceLink);

impl EncodeLabelSet for ExemplarLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        encode_label(encoder, "trace_id", &format!("{:032x}", u128::from_be_bytes(self.0.trace_id)))?;
        encode_label(encoder, "span_id", &format!("{:016x}", u64::from_be_bytes(self.0.span_id)))
    }
}

/// Labels in the text format, formatted once: a histogram repeats its labels in each line.
#[derive(Debug, Clone)]
pub(super) struct PrometheusLabels(Option<(Arc<str>, LabelValue)>);

impl PrometheusLabels {
    /// Returns the labels with their Prometheus names, with `_` for each dot.
    pub(super) fn new(labels: &[Label]) -> Self {
        let Some((last, others)) = labels.split_last() else { return Self(None) };
        let mut name = String::new();
        for label in others {
            name.push_str(&to_prometheus_name(&label.name));
            name.push_str("=\"");
            push_escaped(&mut name, label.value.as_str());
            name.push_str("\",");
        }
        name.push_str(&to_prometheus_name(&last.name));
        Self(Some((name.into(), last.value.clone())))
    }
}

/// Writes the labels as one label, whose name contains the other labels: `a="1",b="2",c` with the value `3`. The
/// encoder does not escape a name.
impl EncodeLabelSet for PrometheusLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, value)| encode_label(encoder, name, value.as_str()))
    }
}

fn push_escaped(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            character => text.push(character),
        }
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

/// Writes the value of a gauge; that of an integer row without a fraction.
#[expect(clippy::cast_possible_truncation, reason = "an integer row has whole numbers below 2^53")]
pub(super) fn encode_gauge(row: &Row, encoder: &mut MetricEncoder<'_>, value: f64) -> fmt::Result {
    if row.is_integer() { encoder.encode_gauge(&(value as i64)) } else { encoder.encode_gauge(&value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::registry::Registry;

    /// The label set of [`PrometheusLabels`] as a key of a `Family`.
    #[derive(Debug, Clone, PartialEq, Eq, Hash)]
    struct Plain(Vec<(String, String)>);

    impl EncodeLabelSet for Plain {
        fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|(name, value)| encode_label(encoder, name, value))
        }
    }

    #[derive(Debug)]
    struct OneSeries(PrometheusLabels);

    impl EncodeMetric for OneSeries {
        fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
            encoder.encode_family(&self.0)?.encode_gauge(&1_i64)
        }

        fn metric_type(&self) -> prometheus_client::metrics::MetricType {
            prometheus_client::metrics::MetricType::Gauge
        }
    }

    fn page(metric: impl prometheus_client::registry::Metric) -> String {
        let (mut registry, mut page) = (Registry::default(), String::new());
        registry.register("m", "Metric", metric);
        text::encode(&mut page, &registry).unwrap();
        page
    }

    #[test]
    fn labels_formatted_once_equal_labels_formatted_by_the_encoder() {
        let hostile = "a\"b\\c\nd,e=\"f\"} é";
        for labels in [vec![], vec![("a.b", hostile)], vec![("a.b", hostile), ("c", ""), ("d.e.f", hostile)]] {
            let plain = labels.iter().map(|(name, value)| (to_prometheus_name(name), (*value).to_owned()));
            let family = Family::<Plain, Gauge>::default();
            family.get_or_create(&Plain(plain.collect())).set(1);
            let labels: Vec<_> = labels.iter().map(|(name, value)| Label::new(*name, *value)).collect();
            assert_eq!(page(OneSeries(PrometheusLabels::new(&labels))), page(family));
        }
    }
}
