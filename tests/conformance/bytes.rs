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
use crate::calls::is_of_pipeline;
use crate::drive::Drive;
use crate::drive::MODEL;
use crate::support::collector::Collector;
use crate::support::collector::Seen;
use crate::support::conventions::WIDE_EVENT;
use crate::support::conventions::assert_none;
use crate::support::traffic::everything;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_arrives_by_grpc_is_as_the_conventions_have_it() {
    for profile in [Profile::V1_41, Profile::Latest, Profile::Dual] {
        assert_conformance(&arrived(Protocol::Grpc, profile), profile);
    }
}

#[test]
fn what_arrives_by_http_is_as_the_conventions_have_it() {
    for profile in [Profile::V1_41, Profile::Latest, Profile::Dual] {
        assert_conformance(&arrived(Protocol::HttpProtobuf, profile), profile);
    }
}

/// Returns all telemetry of a drive, as a collector has it after the pipeline's shutdown.
fn arrived(protocol: Protocol, profile: Profile) -> Seen {
    let collector = Collector::start();
    let pipeline = otlp::builder()
        .environment::<String, String>([])
        .endpoint(collector.endpoint())
        .protocol(protocol)
        .resource("service.name", "conformance")
        .resource("deployment.environment.name", "test")
        .queue_limit(100_000)
        .build()
        .unwrap();
    let subscriber = tracing_subscriber::registry().with(pipeline.layer());
    tracing::subscriber::with_default(subscriber, || {
        let (clock, hand) = Clock::manual();
        let observer = observer(&pipeline, clock, profile);
        Drive { observer: &observer, hand: &hand }.everything();
        // The first export updates metrics about the export, which the second export contains.
        pipeline.flush(PATIENCE).unwrap();
        pipeline.shutdown(PATIENCE).unwrap();
    });
    collector.inbox().seen()
}

fn observer(pipeline: &Pipeline, clock: Clock, profile: Profile) -> Observer {
    let builder = everything().model(MODEL).clock(clock).profile(profile).level(Level::Full).operation_details(true);
    let builder = builder.tracer_provider(pipeline.tracer_provider()).meter_provider(pipeline.meter_provider());
    let observer = builder.build().unwrap();
    pipeline.report_to(&observer);
    observer
}

fn assert_conformance(seen: &Seen, profile: Profile) {
    let conventions = conventions(profile);
    let mut found: Vec<_> = seen.spans.iter().flat_map(|span| conventions.check_span(&span.item)).collect();
    found.extend(seen.metrics.iter().flat_map(|metric| conventions.check_metric(&metric.item)));
    found.extend(seen.logs.iter().flat_map(|record| conventions.check_log(&record.item)));
    let resources = seen.spans.iter().map(|span| &span.resource);
    let resources = resources.chain(seen.metrics.iter().map(|metric| &metric.resource));
    let resources = resources.chain(seen.logs.iter().map(|record| &record.resource));
    found.extend(resources.flat_map(|resource| conventions.check_resource(resource)));
    assert_none(&found, profile.as_str());

    let (spans, logs) = (seen.spans.len(), seen.logs.len());
    assert!(spans > 500 && logs > 500, "{spans} spans and {logs} logs");
    let metrics: BTreeSet<_> = seen.metrics.iter().map(|metric| metric.item.name.as_str()).collect();
    for row in ROWS.iter().filter(|row| is_of_pipeline(row.name)) {
        assert!(metrics.contains(row.name), "{}", row.name);
    }
    // The event of an operation has the ids of its span.
    let ids: BTreeSet<_> = seen.spans.iter().map(|span| span.item.span_id.as_slice()).collect();
    for record in seen.logs.iter().filter(|record| record.item.event_name == WIDE_EVENT.0) {
        assert!(ids.contains(record.item.span_id.as_slice()), "{:?}", record.item.attributes);
    }
}
