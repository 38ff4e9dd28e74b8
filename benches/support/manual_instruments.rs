//! The usual way to record metrics: for each value, an OpenTelemetry record with attributes and a lookup in a `Family`.

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter as OtelCounter;
use opentelemetry::metrics::Histogram as OtelHistogram;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::LabelSetEncoder;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use super::meter_provider::MODEL;

/// The bucket bounds of the conventions for a duration, with the upper bounds that llmobs adds.
pub(crate) const BOUNDS: [f64; 17] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 160.0, 320.0, 640.0];

/// One value to record: a metric, and its labels besides operation, provider and model.
#[derive(Debug, Clone)]
pub(crate) struct MetricSpec {
    name: &'static str,
    is_counter: bool,
    extra_labels: Vec<(&'static str, &'static str)>,
}

impl MetricSpec {
    pub(crate) fn counter(name: &'static str, extra_labels: &[(&'static str, &'static str)]) -> Self {
        Self { name, is_counter: true, extra_labels: extra_labels.to_vec() }
    }

    pub(crate) fn histogram(name: &'static str, extra_labels: &[(&'static str, &'static str)]) -> Self {
        Self { name, is_counter: false, extra_labels: extra_labels.to_vec() }
    }
}

/// The instruments of a list of values.
pub(crate) struct ManualInstruments {
    series: Vec<ManualSeries>,
}

struct ManualSeries {
    spec: MetricSpec,
    instrument: Instrument,
    attributes: Vec<KeyValue>,
    labels: Labels,
}

enum Instrument {
    Counter(OtelCounter<u64>, Family<Labels, Counter>),
    Histogram(OtelHistogram<f64>, Family<Labels, Histogram, fn() -> Histogram>),
}

impl ManualInstruments {
    pub(crate) fn new(provider: &SdkMeterProvider, specs: &[MetricSpec]) -> Self {
        let meter = provider.meter("by hand");
        let series = |spec: &MetricSpec| {
            let instrument = if spec.is_counter {
                Instrument::Counter(meter.u64_counter(spec.name).build(), Family::default())
            } else {
                let histogram = meter.f64_histogram(spec.name).with_boundaries(BOUNDS.to_vec()).build();
                Instrument::Histogram(histogram, Family::new_with_constructor(|| Histogram::new(BOUNDS)))
            };
            ManualSeries {
                attributes: spec_attributes(spec),
                labels: Labels::new(spec),
                instrument,
                spec: spec.clone(),
            }
        };
        Self { series: specs.iter().map(series).collect() }
    }

    /// Records every value with labels built in advance.
    pub(crate) fn record(&self, value: f64) {
        for series in &self.series {
            series.instrument.record(value, &series.attributes, &series.labels);
        }
    }

    /// Records every value with labels built for each record, because the model name comes from the caller.
    pub(crate) fn build_and_record(&self, value: f64) {
        for series in &self.series {
            series.instrument.record(value, &spec_attributes(&series.spec), &Labels::new(&series.spec));
        }
    }
}

impl Instrument {
    fn record(&self, value: f64, attributes: &[KeyValue], labels: &Labels) {
        match self {
            Self::Counter(counter, family) => {
                counter.add(1, attributes);
                family.get_or_create(labels).inc();
            }
            Self::Histogram(histogram, family) => {
                histogram.record(value, attributes);
                family.get_or_create(labels).observe(value);
            }
        }
    }
}

fn spec_attributes(spec: &MetricSpec) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(3 + spec.extra_labels.len());
    attributes.push(KeyValue::new("gen_ai.operation.name", "chat"));
    attributes.push(KeyValue::new("gen_ai.provider.name", "candle"));
    attributes.push(KeyValue::new("gen_ai.request.model", std::hint::black_box(MODEL).to_owned()));
    attributes.extend(spec.extra_labels.iter().map(|(name, value)| KeyValue::new(*name, *value)));
    attributes
}

/// Labels as a struct would derive them: a string for the model, static strings for the others.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Labels {
    operation: &'static str,
    provider: &'static str,
    model: String,
    extra_labels: Vec<&'static str>,
}

impl Labels {
    fn new(spec: &MetricSpec) -> Self {
        let extra_labels = spec.extra_labels.iter().map(|(_, value)| *value).collect();
        Self { operation: "chat", provider: "candle", model: std::hint::black_box(MODEL).to_owned(), extra_labels }
    }
}

impl EncodeLabelSet for Labels {
    /// These labels are never scraped.
    fn encode(&self, _: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        Ok(())
    }
}
