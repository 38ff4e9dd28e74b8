//! A real OpenTelemetry SDK with an exporter in memory.

use std::collections::BTreeMap;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::Instrument;
use opentelemetry_sdk::metrics::MeterProviderBuilder;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::Stream;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::AggregatedMetrics;
use opentelemetry_sdk::metrics::data::Metric;
use opentelemetry_sdk::metrics::data::MetricData;

use super::families::Families;
use super::families::Family;
use super::families::Histogram;
use super::families::Labels;
use super::families::MetricKind;
use super::families::Value;
use super::prometheus_names;

/// A meter provider with an exporter in memory. Each method that reads metrics makes a new export, and panics if no metric
/// has a value.
pub struct OtelBackend {
    pub provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Default for OtelBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl OtelBackend {
    pub fn new() -> Self {
        Self::build(|builder| builder)
    }

    pub fn with_view(view: impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static) -> Self {
        Self::build(|builder| builder.with_view(view))
    }

    fn build(settings: impl FnOnce(MeterProviderBuilder) -> MeterProviderBuilder) -> Self {
        let exporter = InMemoryMetricExporter::default();
        // The reader exports once a minute by itself; each read calls `force_flush`.
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = settings(SdkMeterProvider::builder().with_reader(reader)).build();
        Self { provider, exporter }
    }

    /// Returns the metrics of a new export under the names that Prometheus gives them. Attributes of the scope and the
    /// resource are omitted: the pipeline sets them, not llmobs.
    pub fn families(&self) -> Families {
        let mut families = Families::new();
        self.for_each_metric(|metric| {
            let (kind, series) = read_metric(metric);
            let name = prometheus_names::metric_name(metric.name(), metric.unit(), kind);
            let family = families.entry(name).or_insert_with(|| Family::new(kind));
            assert_eq!(family.kind, kind, "{} has the Prometheus name of a metric of another kind", metric.name());
            series.into_iter().for_each(|(labels, value)| family.insert(labels, value));
        });
        families
    }

    /// Returns the OpenTelemetry names of the metrics of a new export, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.for_each_metric(|metric| names.push(metric.name().to_owned()));
        names.sort();
        names
    }

    /// Returns the values of one attribute of the series of a histogram of `f64` in a new export, with their types. A
    /// series without the attribute has none.
    pub fn attribute_values(&self, histogram: &str, attribute: &str) -> Vec<opentelemetry::Value> {
        let mut values = Vec::new();
        self.for_each_metric(|metric| {
            if let (true, AggregatedMetrics::F64(MetricData::Histogram(data))) =
                (metric.name() == histogram, metric.data())
            {
                let pairs = data.data_points().flat_map(|point| point.attributes());
                values.extend(pairs.filter(|pair| pair.key.as_str() == attribute).map(|pair| pair.value.clone()));
            }
        });
        values
    }

    /// Returns the description of each metric of a new export, by OpenTelemetry name.
    pub fn descriptions(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        self.for_each_metric(|metric| {
            all.insert(metric.name().to_owned(), metric.description().to_owned());
        });
        all
    }

    fn for_each_metric(&self, mut visit: impl FnMut(&Metric)) {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter accepts every metric");
        let batches = self.exporter.get_finished_metrics().expect("the exporter has not failed");
        let batch = batches.last().expect("a flush exports");
        batch.scope_metrics().flat_map(|scope| scope.metrics()).for_each(&mut visit);
    }
}

fn read_metric(metric: &Metric) -> (MetricKind, Vec<(Labels, Value)>) {
    match metric.data() {
        AggregatedMetrics::F64(data) => metric_points(data, |value| value),
        AggregatedMetrics::I64(data) => metric_points(data, |value| value as f64),
        AggregatedMetrics::U64(data) => metric_points(data, |value| value as f64),
    }
}

fn metric_points<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> (MetricKind, Vec<(Labels, Value)>) {
    match data {
        MetricData::Gauge(gauge) => {
            let points =
                gauge.data_points().map(|p| (attribute_labels(p.attributes()), Value::Number(number(p.value()))));
            (MetricKind::Gauge, points.collect())
        }
        MetricData::Sum(sum) => {
            assert_eq!(sum.temporality(), Temporality::Cumulative);
            let points =
                sum.data_points().map(|p| (attribute_labels(p.attributes()), Value::Number(number(p.value()))));
            (if sum.is_monotonic() { MetricKind::Counter } else { MetricKind::Gauge }, points.collect())
        }
        MetricData::Histogram(histogram) => {
            assert_eq!(histogram.temporality(), Temporality::Cumulative);
            let points = histogram.data_points().map(|p| {
                let buckets = p.bounds().chain([f64::INFINITY]).zip(p.bucket_counts()).collect();
                (
                    attribute_labels(p.attributes()),
                    Value::Histogram(Histogram { count: p.count(), sum: number(p.sum()), buckets }),
                )
            });
            (MetricKind::Histogram, points.collect())
        }
        MetricData::ExponentialHistogram(_) => panic!("no view configures an exponential histogram"),
    }
}

fn attribute_labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Labels {
    let pairs = attributes.map(|pair| (prometheus_names::label_name(pair.key.as_str()), pair.value.to_string()));
    let mut labels = Labels::new();
    for (name, value) in pairs {
        assert!(labels.insert(name.clone(), value).is_none(), "the attribute {name} is present twice");
    }
    labels
}
