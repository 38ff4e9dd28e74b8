//! Exported telemetry arrives at the collector in the expected form.

use std::time::Duration;

use llmobs::catalog::Buckets;
use llmobs::otlp::Compression;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;

use crate::fixture::MODEL;
use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::attribute;

#[test]
fn all_three_signals_arrive_with_their_resource_and_scope_over_both_protocols() {
    for protocol in PROTOCOLS {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let collector = Collector::start();
            let settings = pipeline_to(collector.endpoint(), protocol).compression(compression);
            let service = TestService::new(settings.resource_attribute("deployment.environment.name", "test"));
            service.run_operations(3);
            service.pipeline.shutdown(TIMEOUT).unwrap();

            let seen = collector.inbox().snapshot();
            assert_eq!((seen.spans.len(), seen.logs.len()), (3, 3), "{protocol:?} {compression:?}");
            assert_eq!(seen.last_sum("llmobs.operation.ended", &[("gen_ai.request.model", MODEL)]), Some(3.0));
            let resources = seen.spans.iter().map(|span| &span.resource);
            let resources = resources.chain(seen.logs.iter().map(|log| &log.resource));
            let instances: Vec<_> = resources
                .chain(seen.metrics.iter().map(|metric| &metric.resource))
                .map(|resource| {
                    let of = |name| attribute(&resource.attributes, name);
                    assert_eq!(of("service.name").as_deref(), Some("assistant"));
                    assert_eq!(of("deployment.environment.name").as_deref(), Some("test"));
                    assert_eq!(of("telemetry.sdk.language").as_deref(), Some("rust"));
                    of("service.instance.id").expect("replicas must be distinguishable")
                })
                .collect();
            assert!(instances.windows(2).all(|pair| pair[0] == pair[1]), "one process is one instance");
            assert!(seen.spans.iter().all(|span| span.scope.name == "llmobs"));
            assert!(
                seen.metrics.iter().all(|metric| metric.scope.name == "llmobs"),
                "the SDK's own metrics are not exported"
            );
            assert!(seen.logs.iter().all(|log| log.scope.name == "llmobs"));
        }
    }
}

#[test]
fn a_span_carries_no_thread_no_line_of_code_and_no_event_and_its_log_record_has_its_ids() {
    let collector = Collector::start();
    let service = TestService::connected(&collector, Protocol::HttpProtobuf);
    service.run(|| {
        let operation = service.observer.chat(MODEL).start();
        operation.in_scope(|| tracing::error!(error = "what the prompt said", "it broke"));
        operation.complete();
    });
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    let [span] = seen.spans.as_slice() else { panic!("{} spans", seen.spans.len()) };
    assert_eq!(span.item.name, format!("chat {MODEL}"));
    let noise = ["code.", "thread.", "busy_ns", "idle_ns", "target", "level", "exception."];
    for pair in &span.item.attributes {
        assert!(!noise.iter().any(|noise| pair.key.starts_with(noise)), "{}", pair.key);
    }
    assert!(span.item.events.is_empty(), "an event is a log record");
    assert_eq!(
        span.item.status.as_ref().map_or(0, |status| status.code),
        0,
        "an event does not set the status of the span"
    );
    let record = seen.logs.iter().find(|log| {
        log.item.body.as_ref().is_some_and(|body| body.value == Some(Value::StringValue("it broke".to_owned())))
    });
    let record = record.expect("the application's own event");
    assert_eq!((&record.item.trace_id, &record.item.span_id), (&span.item.trace_id, &span.item.span_id));
}

#[test]
fn headers_paths_and_encodings_are_those_of_the_protocol() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let settings =
            pipeline_to(collector.endpoint(), protocol).header("X-Scope-OrgID", "seven").compression(Compression::Gzip);
        let service = TestService::new(settings);
        service.run_operations(1);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        let mut paths = Vec::new();
        for (path, headers) in collector.inbox().snapshot().requests {
            paths.push(path);
            assert_eq!(headers["x-scope-orgid"], "seven");
            assert!(headers["user-agent"].starts_with("llmobs/"));
            let (kind, encoding) = match protocol {
                Protocol::HttpProtobuf => ("application/x-protobuf", "content-encoding"),
                Protocol::HttpJson => ("application/json", "content-encoding"),
                _ => ("application/grpc", "grpc-encoding"),
            };
            assert_eq!((headers["content-type"].as_str(), headers[encoding].as_str()), (kind, "gzip"));
        }
        paths.sort();
        paths.dedup();
        let service = |name| format!("/opentelemetry.proto.collector.{name}/Export");
        let expected = match protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => ["/v1/logs", "/v1/metrics", "/v1/traces"].map(str::to_owned),
            _ => ["logs.v1.LogsService", "metrics.v1.MetricsService", "trace.v1.TraceService"].map(service),
        };
        assert_eq!(paths, expected);
    }
}

#[test]
fn metrics_are_exported_at_their_interval_and_in_the_configured_temporality() {
    for (delta, expected) in [(false, AggregationTemporality::Cumulative), (true, AggregationTemporality::Delta)] {
        let collector = Collector::start();
        let settings =
            pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).metrics_interval(Duration::from_millis(30));
        let service = TestService::new(settings.delta_temporality(delta));
        service.run_operations(2);
        let wait_for_exports = |times| {
            collector.inbox().wait_until("metrics are exported periodically", |seen| {
                seen.metrics.iter().filter(|metric| metric.item.name == "llmobs.operation.ended").count() >= times
            });
        };
        wait_for_exports(1);
        service.run_operations(1);
        wait_for_exports(2);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        let sums = seen.metrics.iter().filter(|metric| metric.item.name == "llmobs.operation.ended");
        for metric in sums {
            let Some(Data::Sum(sum)) = &metric.item.data else { panic!("{:?}", metric.item.data) };
            assert_eq!(sum.aggregation_temporality(), expected);
        }
    }
}

#[test]
fn exponential_buckets_become_exponential_histograms() {
    let collector = Collector::start();
    let settings = pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).buckets(Buckets::Exponential);
    let service = TestService::with(settings, |observer| observer.buckets(Buckets::Exponential));
    service.run_operations(5);
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    let histograms: Vec<_> = seen
        .metrics
        .iter()
        .filter(|metric| matches!(metric.item.data, Some(Data::Histogram(_) | Data::ExponentialHistogram(_))))
        .collect();
    assert!(!histograms.is_empty());
    assert!(histograms.iter().all(|metric| matches!(metric.item.data, Some(Data::ExponentialHistogram(_)))));
    assert_eq!(seen.last_count("gen_ai.server.request.duration", &[]), Some(5));
}

#[test]
fn a_signal_that_is_excluded_is_not_sent() {
    for without in Signal::ALL {
        let collector = Collector::start();
        let settings = pipeline_to(collector.endpoint(), Protocol::HttpProtobuf).without_signal(without);
        let pipeline = settings.build().unwrap();
        let service = {
            use tracing_subscriber::layer::SubscriberExt;
            tracing_subscriber::registry().with(pipeline.layer())
        };
        let builder = llmobs::Observer::builder().model(MODEL);
        let observer = match without {
            Signal::Metrics => builder.build().unwrap(),
            _ => builder.meter_provider(pipeline.meter_provider()).build().unwrap(),
        };
        tracing::subscriber::with_default(service, || observer.chat(MODEL).start().complete());
        pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        let received = [!seen.spans.is_empty(), !seen.metrics.is_empty(), !seen.logs.is_empty()];
        assert_eq!(received, Signal::ALL.map(|signal| signal != without), "without {without:?}");
    }
}

#[test]
fn a_request_is_never_larger_than_collectors_accept() {
    for protocol in PROTOCOLS {
        for compression in [Compression::None, Compression::Gzip] {
            let collector = Collector::start();
            let settings = pipeline_to(collector.endpoint(), protocol).compression(compression);
            let service = TestService::new(settings.batch_delay(Duration::from_secs(60)));
            let long = "x".repeat(100_000);
            service.run(|| {
                for _ in 0..200 {
                    tracing::info!(text = long.as_str(), "long");
                }
            });
            service.pipeline.shutdown(TIMEOUT).unwrap();
            let seen = collector.inbox().snapshot();
            assert_eq!(seen.logs.len(), 200, "{protocol:?} {compression:?}");
            assert_eq!(service.pipeline.sent(Signal::Logs), 200, "{protocol:?} {compression:?}");
            let largest = seen.bodies.iter().map(Vec::len).max().unwrap();
            assert!((1 << 20..=4 << 20).contains(&largest), "{protocol:?} {compression:?}: {largest} bytes");
        }
    }
}

#[test]
fn a_header_of_the_application_does_not_replace_those_of_the_protocol() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let settings =
            pipeline_to(collector.endpoint(), protocol).header("Content-Type", "text/plain").header("TE", "x");
        let service = TestService::new(settings);
        service.run_operations(1);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert_eq!(service.pipeline.sent(Signal::Traces), 1, "{protocol:?}");
    }
}
