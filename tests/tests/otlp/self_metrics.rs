//! The pipeline's metrics about itself, in both backends of an observer.

use std::time::Duration;

use llmobs::Observer;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::fixture::MODEL;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::eventually;
use crate::fixture::pipeline_to;
use crate::fixture::unused_address;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;
use llmobs_tests::families::Value;
use llmobs_tests::prometheus_page;

/// Returns the value of a series on the observer's page.
fn page_value(observer: &Observer, family: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let families = prometheus_page::families(observer);
    let series = &families.get(family)?.series;
    let found = series.iter().find(|(all, _)| {
        all.len() == labels.len()
            && labels.iter().all(|(name, value)| all.get(*name).is_some_and(|found| found == value))
    });
    found.map(|(_, value)| match value {
        Value::Number(number) => *number,
        Value::Histogram(histogram) => histogram.count as f64,
    })
}

fn dropped_count(observer: &Observer, signal: &str, reason: &str) -> Option<f64> {
    let labels = [("llmobs_signal", signal), ("llmobs_drop_reason", reason)];
    page_value(observer, "llmobs_self_dropped_total", &labels)
}

#[test]
fn every_possible_drop_reason_is_a_series_at_zero_from_the_start() {
    let collector = Collector::start();
    let service = TestService::connected(&collector, Protocol::HttpProtobuf);
    for (signal, reasons) in [
        ("traces", &["queue_full", "tail_full", "unreachable", "refused", "rejected", "shutdown"][..]),
        ("metrics", &["unreachable", "refused", "rejected"]),
        ("logs", &["queue_full", "unreachable", "refused", "rejected", "shutdown"]),
    ] {
        for reason in reasons {
            assert_eq!(dropped_count(&service.observer, signal, reason), Some(0.0), "{signal} {reason}");
        }
    }
    let families = prometheus_page::families(&service.observer);
    assert_eq!(families["llmobs_self_dropped_total"].series.len(), 14, "and no impossible series");
}

#[test]
fn the_queues_the_age_and_the_times_of_exports_are_recorded() {
    let collector = Collector::start();
    collector.behave(Behaviour::Hang);
    let service =
        TestService::new(pipeline_to(collector.endpoint(), Protocol::Grpc).queue_limit(100).timeout(100 * TIMEOUT));
    let value = |family: &str, signal: &str| page_value(&service.observer, family, &[("llmobs_signal", signal)]);
    service.run_operations(7);
    for signal in ["traces", "logs"] {
        assert_eq!(value("llmobs_self_export_queue_limit", signal), Some(100.0));
        assert_eq!(value("llmobs_self_export_queue_usage", signal), Some(7.0), "{signal}");
        assert_eq!(value("llmobs_self_export_duration_seconds", signal), Some(0.0), "none ended yet");
    }
    assert_eq!(value("llmobs_self_export_queue_limit", "metrics"), None, "metrics have no queue");
    let age = value("llmobs_self_export_age_seconds", "traces").unwrap();
    std::thread::sleep(Duration::from_millis(30));
    assert!(value("llmobs_self_export_age_seconds", "traces").unwrap() > age + 0.02, "without a success it grows");
}

#[test]
fn exports_are_recorded_with_their_error_in_both_backends() {
    let collector = Collector::start();
    collector.behave(Behaviour::Unauthenticated);
    let service = TestService::connected(&collector, Protocol::HttpProtobuf);
    service.run_operations(2);
    eventually("both were refused", || {
        service.dropped_count(Signal::Traces) == 2 && service.dropped_count(Signal::Logs) == 2
    });
    collector.behave(Behaviour::Accept);
    service.run_operations(1);
    let _ = service.pipeline.flush(TIMEOUT);
    service.pipeline.flush(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    for signal in ["traces", "logs"] {
        let failed = [("llmobs_signal", signal), ("error_type", "authentication")];
        assert_eq!(page_value(&service.observer, "llmobs_self_export_duration_seconds", &failed), Some(1.0));
        let failed = [("llmobs.signal", signal), ("error.type", "authentication")];
        assert_eq!(seen.last_count("llmobs.self.export.duration", &failed), Some(1));
        let refused = [("llmobs.signal", signal), ("llmobs.drop.reason", "refused")];
        assert_eq!(seen.last_sum("llmobs.self.dropped", &refused), Some(2.0));
        assert_eq!(dropped_count(&service.observer, signal, "refused"), Some(2.0));
        assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", signal)]), Some(2_048.0));
        assert!(seen.last_sum("llmobs.self.export.age", &[("llmobs.signal", signal)]).unwrap() < 60.0);
    }
}

#[test]
fn every_connected_observer_reports_a_pipeline_on_its_page() {
    let service = TestService::new(
        pipeline_to(format!("http://{}", unused_address()), Protocol::HttpProtobuf).retry_timeout(Duration::ZERO),
    );
    let second = Observer::builder().model(MODEL).build().unwrap();
    service.pipeline.report_to(&second);
    service.pipeline.report_to(&second);
    service.run_operations(2);
    eventually("they were dropped", || {
        service.dropped_count(Signal::Traces) == 2 && service.dropped_count(Signal::Logs) == 2
    });
    let failed = [("llmobs_signal", "traces"), ("error_type", "upstream")];
    let attempts = |observer| page_value(observer, "llmobs_self_export_duration_seconds", &failed);
    for observer in [&service.observer, &second, &service.observer, &second] {
        assert_eq!(dropped_count(observer, "traces", "unreachable"), Some(2.0));
        assert_eq!(dropped_count(observer, "traces", "queue_full"), Some(0.0));
        assert!(attempts(observer) >= Some(1.0), "{:?}", attempts(observer));
        let limit = page_value(observer, "llmobs_self_export_queue_limit", &[("llmobs_signal", "traces")]);
        assert_eq!(limit, Some(2_048.0));
        assert!(page_value(observer, "llmobs_self_export_age_seconds", &[("llmobs_signal", "traces")]).is_some());
    }
    assert_eq!(attempts(&second), attempts(&service.observer));

    let TestService { pipeline, observer, .. } = service;
    drop(observer);
    let third = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build().unwrap();
    pipeline.report_to(&third);
    assert_eq!(dropped_count(&third, "traces", "unreachable"), Some(2.0), "a page has all drops of the pipeline");
}

#[test]
fn two_observers_of_a_meter_provider_send_the_counts_of_exports_once() {
    let collector = Collector::start();
    collector.behave(Behaviour::Unauthenticated);
    let service = TestService::connected(&collector, Protocol::HttpProtobuf);
    let build = |pipeline: &llmobs::otlp::Pipeline| {
        let builder = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider());
        let observer = builder.logger_provider(pipeline.logger_provider()).build().unwrap();
        pipeline.report_to(&observer);
        observer
    };
    let second = build(&service.pipeline);
    service.run_operations(2);
    eventually("both were refused", || {
        service.dropped_count(Signal::Traces) == 2 && service.dropped_count(Signal::Logs) == 2
    });
    collector.behave(Behaviour::Accept);
    let assert_once = |pipeline: &llmobs::otlp::Pipeline, when: &str| {
        let _ = pipeline.flush(TIMEOUT);
        pipeline.flush(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        let refused = [("llmobs.signal", "traces"), ("llmobs.drop.reason", "refused")];
        assert_eq!(seen.last_sum("llmobs.self.dropped", &refused), Some(2.0), "{when}");
        let failed = [("llmobs.signal", "traces"), ("error.type", "authentication")];
        assert_eq!(seen.last_count("llmobs.self.export.duration", &failed), Some(1), "{when}");
        let traces = [("llmobs.signal", "traces")];
        assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &traces), Some(2_048.0), "{when}");
        assert_eq!(seen.last_sum("llmobs.self.export.queue.usage", &traces), Some(0.0), "{when}");
        let points = seen.metrics.iter().rev().find(|metric| metric.item.name == "llmobs.self.export.age").unwrap();
        assert!(seen.last_sum("llmobs.self.export.age", &traces).unwrap() < 60.0, "{when}: {points:?}");
    };
    assert_once(&service.pipeline, "with both observers");
    let TestService { pipeline, observer, .. } = service;
    drop(observer);
    assert_once(&pipeline, "after the first was dropped");
    let third = build(&pipeline);
    assert_once(&pipeline, "with the second and the third");
    assert_eq!(dropped_count(&second, "traces", "refused"), Some(2.0));
    assert_eq!(dropped_count(&third, "traces", "refused"), Some(2.0));
}

#[test]
fn an_observer_without_a_meter_leaves_opentelemetry_to_the_next() {
    let collector = Collector::start();
    let TestService { pipeline, observer, .. } = TestService::connected(&collector, Protocol::HttpProtobuf);
    drop(observer);
    let page_only = Observer::builder().model(MODEL).build().unwrap();
    pipeline.report_to(&page_only);
    let exporting = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build().unwrap();
    pipeline.report_to(&exporting);
    pipeline.flush(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", "logs")]), Some(2_048.0));
    drop((page_only, exporting));
}

#[test]
fn a_later_observer_of_a_meter_provider_does_not_add_the_limits_of_the_queues_again() {
    let collector = Collector::start();
    let TestService { pipeline, observer, .. } = TestService::connected(&collector, Protocol::HttpProtobuf);
    let limit = || {
        pipeline.flush(TIMEOUT).unwrap();
        collector.inbox().snapshot().last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", "traces")])
    };
    assert_eq!(limit(), Some(2_048.0));
    drop(observer);
    let second = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build().unwrap();
    pipeline.report_to(&second);
    assert_eq!(limit(), Some(2_048.0));
}
