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
use super::families::Kind;
use super::families::Labels;
use super::families::Value;
use super::translate;

/// A meter provider and an exporter that holds its last export.
pub struct Otel {
    pub provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Default for Otel {
    fn default() -> Self {
        Self::new()
    }
}

impl Otel {
    pub fn new() -> Self {
        Self::from(|builder| builder)
    }

    pub fn with_view(view: impl Fn(&Instrument) -> Option<Stream> + Send + Sync + 'static) -> Self {
        Self::from(|builder| builder.with_view(view))
    }

    fn from(settings: impl FnOnce(MeterProviderBuilder) -> MeterProviderBuilder) -> Self {
        let exporter = InMemoryMetricExporter::default();
        // The reader exports once a minute by itself; the tests call `force_flush`.
        let reader = PeriodicReader::builder(exporter.clone()).build();
        let provider = settings(SdkMeterProvider::builder().with_reader(reader)).build();
        Self { provider, exporter }
    }

    /// Returns the metrics of a new export under the names that Prometheus gives them. Attributes of the scope and the
    /// resource are omitted: the pipeline sets them, not llmobs.
    pub fn families(&self) -> Families {
        let mut families = Families::new();
        self.each(|metric| {
            let (kind, series) = read(metric);
            let name = translate::name(metric.name(), metric.unit(), kind);
            let family = families.entry(name).or_insert_with(|| Family::new(kind));
            assert_eq!(family.kind, kind, "{} shares its name with another kind", metric.name());
            series.into_iter().for_each(|(labels, value)| family.insert(labels, value));
        });
        families
    }

    /// Returns the OpenTelemetry names of the exported metrics, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.each(|metric| names.push(metric.name().to_owned()));
        names.sort();
        names
    }

    /// Returns the value of one attribute for each series of a histogram, with its type.
    pub fn attribute(&self, histogram: &str, attribute: &str) -> Vec<opentelemetry::Value> {
        let mut values = Vec::new();
        self.each(|metric| {
            if let (true, AggregatedMetrics::F64(MetricData::Histogram(data))) =
                (metric.name() == histogram, metric.data())
            {
                let pairs = data.data_points().flat_map(|point| point.attributes());
                values.extend(pairs.filter(|pair| pair.key.as_str() == attribute).map(|pair| pair.value.clone()));
            }
        });
        values
    }

    /// Returns the description of each metric, by OpenTelemetry name.
    pub fn descriptions(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        self.each(|metric| {
            all.insert(metric.name().to_owned(), metric.description().to_owned());
        });
        all
    }

    fn each(&self, mut see: impl FnMut(&Metric)) {
        self.exporter.reset();
        self.provider.force_flush().expect("the in-memory exporter takes everything");
        let batches = self.exporter.get_finished_metrics().expect("the exporter works");
        let batch = batches.last().expect("a flush exports");
        batch.scope_metrics().flat_map(|scope| scope.metrics()).for_each(&mut see);
    }
}

fn read(metric: &Metric) -> (Kind, Vec<(Labels, Value)>) {
    match metric.data() {
        AggregatedMetrics::F64(data) => points(data, |value| value),
        AggregatedMetrics::I64(data) => points(data, |value| value as f64),
        AggregatedMetrics::U64(data) => points(data, |value| value as f64),
    }
}

fn points<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> (Kind, Vec<(Labels, Value)>) {
    match data {
        MetricData::Gauge(gauge) => {
            let points = gauge.data_points().map(|p| (labels(p.attributes()), Value::Number(number(p.value()))));
            (Kind::Gauge, points.collect())
        }
        MetricData::Sum(sum) => {
            assert_eq!(sum.temporality(), Temporality::Cumulative);
            let points = sum.data_points().map(|p| (labels(p.attributes()), Value::Number(number(p.value()))));
            (if sum.is_monotonic() { Kind::Counter } else { Kind::Gauge }, points.collect())
        }
        MetricData::Histogram(histogram) => {
            assert_eq!(histogram.temporality(), Temporality::Cumulative);
            let points = histogram.data_points().map(|p| {
                let buckets = p.bounds().chain([f64::INFINITY]).zip(p.bucket_counts()).collect();
                (
                    labels(p.attributes()),
                    Value::Histogram(Histogram { count: p.count(), sum: number(p.sum()), buckets }),
                )
            });
            (Kind::Histogram, points.collect())
        }
        MetricData::ExponentialHistogram(_) => panic!("nobody asked for an exponential histogram"),
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> Labels {
    let pairs = attributes.map(|pair| (translate::label(pair.key.as_str()), pair.value.to_string()));
    let mut labels = Labels::new();
    for (name, value) in pairs {
        assert!(labels.insert(name.clone(), value).is_none(), "the attribute {name} is there twice");
    }
    labels
}
