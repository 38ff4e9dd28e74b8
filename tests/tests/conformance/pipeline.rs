//! The telemetry that a collector decodes from the pipeline's bytes, over both protocols and in every profile.

use std::collections::BTreeSet;
use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::clock::Clock;
use llmobs::otlp;
use llmobs::otlp::Pipeline;
use llmobs::otlp::Protocol;
use tracing_subscriber::layer::SubscriberExt;

use crate::calls::conventions;
use crate::calls::is_pipeline_metric;
use crate::scenario::MODEL;
use crate::scenario::Scenario;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::ReceivedData;
use llmobs_tests::conventions::COMPLETE_EVENT;
use llmobs_tests::conventions::assert_none;
use llmobs_tests::traffic::full_observer;

const TIMEOUT: Duration = Duration::from_secs(20);

#[test]
fn telemetry_exported_over_grpc_conforms() {
    for profile in [Profile::V1_41, Profile::Latest, Profile::Dual] {
        assert_conformance(&export_scenario(Protocol::Grpc, profile), profile);
    }
}

#[test]
fn telemetry_exported_over_http_conforms() {
    for profile in [Profile::V1_41, Profile::Latest, Profile::Dual] {
        assert_conformance(&export_scenario(Protocol::HttpProtobuf, profile), profile);
    }
}

/// Returns all telemetry of a scenario, as a collector received it after the pipeline's shutdown.
fn export_scenario(protocol: Protocol, profile: Profile) -> ReceivedData {
    let collector = Collector::start();
    let pipeline = otlp::builder()
        .environment::<String, String>([])
        .endpoint(collector.endpoint())
        .protocol(protocol)
        .resource_attribute("service.name", "conformance")
        .resource_attribute("deployment.environment.name", "test")
        .queue_limit(100_000)
        .filter("trace")
        .build()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(pipeline.layer());
    tracing::subscriber::with_default(subscriber, || {
        let (clock, manual_clock) = Clock::manual();
        let observer = observer(&pipeline, clock, profile);
        Scenario { observer: &observer, manual_clock: &manual_clock }.run_all();
        // The first export updates metrics about the export, which the second export contains.
        pipeline.flush(TIMEOUT).unwrap();
        pipeline.shutdown(TIMEOUT).unwrap();
    });
    collector.inbox().snapshot()
}

fn observer(pipeline: &Pipeline, clock: Clock, profile: Profile) -> Observer {
    let builder = full_observer().model(MODEL).clock(clock).profile(profile).level(Level::Full).operation_details(true);
    let builder = builder.tracer_provider(pipeline.tracer_provider()).meter_provider(pipeline.meter_provider());
    let observer = builder.build().unwrap();
    pipeline.report_to(&observer);
    observer
}

fn assert_conformance(received: &ReceivedData, profile: Profile) {
    let conventions = conventions(profile);
    let mut found: Vec<_> = received.spans.iter().flat_map(|span| conventions.check_span(&span.item)).collect();
    found.extend(received.metrics.iter().flat_map(|metric| conventions.check_metric(&metric.item)));
    found.extend(received.logs.iter().flat_map(|record| conventions.check_log(&record.item)));
    let resources = received.spans.iter().map(|span| &span.resource);
    let resources = resources.chain(received.metrics.iter().map(|metric| &metric.resource));
    let resources = resources.chain(received.logs.iter().map(|record| &record.resource));
    found.extend(resources.flat_map(|resource| conventions.check_resource(resource)));
    assert_none(&found, profile.as_str());

    let (spans, logs) = (received.spans.len(), received.logs.len());
    assert!(spans > 500 && logs > 500, "{spans} spans and {logs} logs");
    let metrics: BTreeSet<_> = received.metrics.iter().map(|metric| metric.item.name.as_str()).collect();
    for row in ROWS.iter().filter(|row| is_pipeline_metric(row.name)) {
        assert!(metrics.contains(row.name), "{}", row.name);
    }
    // The event of an operation has the ids of its span.
    let ids: BTreeSet<_> = received.spans.iter().map(|span| span.item.span_id.as_slice()).collect();
    for record in received.logs.iter().filter(|record| record.item.event_name == COMPLETE_EVENT) {
        assert!(ids.contains(record.item.span_id.as_slice()), "{:?}", record.item.attributes);
    }
}
