//! Shows: one observer with two backends. The same values are recorded in an OpenTelemetry meter provider and in a
//! Prometheus registry that the application already has, under its prefix.
//!
//! Run: `cargo run -p llmobs-examples --example two_backends`
//!
//! You will see: the ended operations by outcome, once as sent to a collector and once as scraped, with equal values.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::prometheus::prometheus_client::registry::Registry;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::metrics::data::AggregatedMetrics;
use opentelemetry_sdk::metrics::data::MetricData;

fn main() -> Result<(), Box<dyn Error>> {
    // This exporter stores data in memory; a service uses an OTLP exporter here.
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let mut registry = Registry::with_prefix("shop");

    let observer = Observer::builder().model("m").meter_provider(&provider).registry(&mut registry).build()?;
    for reason in [FinishReason::Stop, FinishReason::Stop, FinishReason::Length] {
        let operation = observer.chat("m").start();
        operation.marker().finish_reason(reason);
        operation.complete();
    }
    observer.chat("m").start().fail(ErrorType::OutOfMemory);
    drop(observer.chat("m").start()); // cancelled, as when the caller disconnects

    println!("OpenTelemetry:");
    provider.force_flush()?;
    let batches = exporter.get_finished_metrics()?;
    let metrics = batches.iter().flat_map(|batch| batch.scope_metrics()).flat_map(|scope| scope.metrics());
    for metric in metrics.filter(|metric| metric.name() == "llmobs.operation.ended") {
        let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() else { continue };
        for point in sum.data_points().filter(|point| point.value() > 0) {
            let labels = point.attributes().filter(|pair| !pair.key.as_str().starts_with("gen_ai."));
            let mut labels: Vec<_> = labels.map(|pair| format!("{}={}", pair.key, pair.value)).collect();
            labels.sort();
            println!("  {} {} {}", metric.name(), labels.join(" "), point.value());
        }
    }

    println!("Prometheus:");
    let page = llmobs::prometheus::encode(&registry, None).body;
    let ended = page.lines().filter(|line| line.starts_with("shop_llmobs_operation_ended_total{"));
    ended.filter(|line| !line.ends_with(" 0")).for_each(|line| println!("  {line}"));
    Ok(provider.shutdown()?)
}
