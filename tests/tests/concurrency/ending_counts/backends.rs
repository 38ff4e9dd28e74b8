//! Both backends, read and compared with the test's own counts.

use std::collections::BTreeMap;
use std::time::Duration;

use llmobs::Observer;
use llmobs::testing::Readings;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::data::AggregatedMetrics;
use opentelemetry_sdk::metrics::data::MetricData;
use opentelemetry_sdk::metrics::data::ResourceMetrics;

use super::cases::ExpectedCounts;

const STARTED: &str = "llmobs.operation.started";
const ENDED: &str = "llmobs.operation.ended";
const ACTIVE: &str = "llmobs.operation.active";
const PROCESSED: &str = "llmobs.token.processed";
const OUTCOMES: [&str; 4] = ["completed", "failed", "cancelled", "rejected"];
const DURATIONS: [&str; 2] = ["gen_ai.server.request.duration", "gen_ai.client.operation.duration"];

pub struct Backends {
    pub provider: SdkMeterProvider,
    exporter: InMemoryMetricExporter,
}

impl Backends {
    pub fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        // The interval is so long that only `force_flush` exports.
        let reader = PeriodicReader::builder(exporter.clone()).with_interval(Duration::from_secs(3_600)).build();
        Self { provider: SdkMeterProvider::builder().with_reader(reader).build(), exporter }
    }

    /// Checks both backends against the test's counts. Panics if an operation is in flight.
    pub fn assert_counts(&self, observer: &Observer, expected: &ExpectedCounts) {
        assert!(observer.in_flight().is_empty());
        assert_page(&Readings::new(observer), expected);
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        self.assert_exported(expected);
    }

    /// Checks the last export of OpenTelemetry.
    pub fn assert_exported(&self, expected: &ExpectedCounts) {
        let exports = self.exporter.get_finished_metrics().unwrap();
        let last = exports.last().expect("something was exported");
        assert_eq!(sum(last, STARTED, &[]), expected.started);
        assert_eq!(sum(last, ENDED, &[]), expected.started);
        assert_eq!(sum(last, ACTIVE, &[]), 0);
        assert_eq!(sum(last, PROCESSED, &[]), expected.tokens);
        assert_eq!(
            OUTCOMES.map(|it| sum(last, ENDED, &[(OUTCOME, it)])),
            OUTCOMES.map(|it| expected.outcome_count(it))
        );
        for ((outcome, reason), count) in ends_by_label(expected) {
            assert_eq!(sum(last, ENDED, &[(OUTCOME, outcome), reason]), count, "{outcome}, {reason:?}");
        }
        assert_eq!(DURATIONS.map(|name| histogram_count(last, name)).iter().sum::<u64>(), expected.started);
    }
}

const OUTCOME: &str = "llmobs.operation.outcome";

/// Checks the page.
pub fn assert_page(page: &Readings, expected: &ExpectedCounts) {
    assert_eq!(page.count(STARTED, &[]), expected.started);
    assert_eq!(page.count(ENDED, &[]), expected.started);
    assert_eq!(page.value(ACTIVE, &[]), 0.0);
    assert_eq!(page.count(PROCESSED, &[]), expected.tokens);
    assert_eq!(OUTCOMES.map(|it| page.count(ENDED, &[(OUTCOME, it)])), OUTCOMES.map(|it| expected.outcome_count(it)));
    for ((outcome, reason), count) in ends_by_label(expected) {
        assert_eq!(page.count(ENDED, &[(OUTCOME, outcome), reason]), count, "{outcome}, {reason:?}");
    }
    assert_eq!(DURATIONS.map(|name| page.histogram(name, &[]).count).iter().sum::<u64>(), expected.started);
}

/// Returns the ends with a finish reason or an error, by the label that contains it.
fn ends_by_label(expected: &ExpectedCounts) -> BTreeMap<(&'static str, (&'static str, &'static str)), u64> {
    let with_reason = expected.ends.iter().filter(|((_, reason), _)| !reason.is_empty());
    let labelled = with_reason.map(|((outcome, reason), count)| {
        let label = if *outcome == "completed" { "llmobs.finish_reason" } else { "error.type" };
        ((*outcome, (label, *reason)), *count)
    });
    labelled.collect()
}

fn sum(export: &ResourceMetrics, name: &str, attributes: &[(&str, &str)]) -> u64 {
    let matches = |point: &mut dyn Iterator<Item = (String, String)>| {
        let found: Vec<_> = point.collect();
        attributes.iter().all(|(key, value)| found.iter().any(|(k, v)| k == key && v == value))
    };
    let mut total = 0;
    for metric in export.scope_metrics().flat_map(|scope| scope.metrics()).filter(|metric| metric.name() == name) {
        match metric.data() {
            AggregatedMetrics::U64(MetricData::Sum(data)) => {
                for point in data.data_points() {
                    let mut labels = point.attributes().map(|it| (it.key.to_string(), it.value.to_string()));
                    total += if matches(&mut labels) { point.value() } else { 0 };
                }
            }
            AggregatedMetrics::I64(MetricData::Sum(data)) => {
                for point in data.data_points() {
                    let mut labels = point.attributes().map(|it| (it.key.to_string(), it.value.to_string()));
                    total += if matches(&mut labels) { u64::try_from(point.value()).unwrap() } else { 0 };
                }
            }
            other => panic!("{name} is a sum, and not {other:?}"),
        }
    }
    total
}

fn histogram_count(export: &ResourceMetrics, name: &str) -> u64 {
    let metrics = export.scope_metrics().flat_map(|scope| scope.metrics()).filter(|metric| metric.name() == name);
    let counts = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(MetricData::Histogram(data)) => {
            data.data_points().map(|point| point.count()).sum::<u64>()
        }
        other => panic!("{name} is a histogram, and not {other:?}"),
    });
    counts.sum()
}
