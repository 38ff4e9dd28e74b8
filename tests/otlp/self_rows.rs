//! The pipeline's metrics about itself, in both backends of an observer.

use std::time::Duration;

use llmobs::Observer;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::kit::MODEL;
use crate::kit::MOMENT;
use crate::kit::Service;
use crate::kit::eventually;
use crate::kit::nowhere;
use crate::kit::to;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;
use crate::support::families::Value;
use crate::support::page;

/// Returns the value of a series on the observer's page.
fn on_the_page(observer: &Observer, family: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let families = page::families(observer);
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

fn dropped(observer: &Observer, signal: &str, reason: &str) -> Option<f64> {
    let labels = [("llmobs_signal", signal), ("llmobs_drop_reason", reason)];
    on_the_page(observer, "llmobs_self_dropped_total", &labels)
}

#[test]
fn every_loss_that_can_be_is_a_series_at_zero_from_the_start() {
    let collector = Collector::start();
    let service = Service::to(&collector, Protocol::HttpProtobuf);
    for (signal, reasons) in [
        ("traces", &["queue_full", "tail_full", "unreachable", "refused", "rejected", "shutdown"][..]),
        ("metrics", &["unreachable", "refused", "rejected"]),
        ("logs", &["queue_full", "unreachable", "refused", "rejected", "shutdown"]),
    ] {
        for reason in reasons {
            assert_eq!(dropped(&service.observer, signal, reason), Some(0.0), "{signal} {reason}");
        }
    }
    let families = page::families(&service.observer);
    assert_eq!(families["llmobs_self_dropped_total"].series.len(), 14, "and none that cannot be");
}

#[test]
fn the_queues_the_age_and_the_times_of_exports_are_told() {
    let collector = Collector::start();
    collector.behave(Behaviour::Hang);
    let service = Service::new(to(collector.endpoint(), Protocol::Grpc).queue_limit(100).timeout(100 * MOMENT));
    let value = |family: &str, signal: &str| on_the_page(&service.observer, family, &[("llmobs_signal", signal)]);
    service.operations(7);
    for signal in ["traces", "logs"] {
        assert_eq!(value("llmobs_self_export_queue_limit", signal), Some(100.0));
        assert_eq!(value("llmobs_self_export_queue_usage", signal), Some(7.0), "{signal}");
        assert_eq!(value("llmobs_self_export_duration_seconds", signal), Some(0.0), "none ended yet");
    }
    assert_eq!(value("llmobs_self_export_queue_limit", "metrics"), None, "metrics wait for nothing");
    let age = value("llmobs_self_export_age_seconds", "traces").unwrap();
    std::thread::sleep(Duration::from_millis(30));
    assert!(value("llmobs_self_export_age_seconds", "traces").unwrap() > age + 0.02, "without a success it grows");
}

#[test]
fn exports_are_told_with_their_error_in_both_backends() {
    let collector = Collector::start();
    collector.behave(Behaviour::Unauthenticated);
    let service = Service::to(&collector, Protocol::HttpProtobuf);
    service.operations(2);
    eventually("both were refused", || service.lost(Signal::Traces) == 2 && service.lost(Signal::Logs) == 2);
    collector.behave(Behaviour::Accept);
    service.operations(1);
    let _ = service.pipeline.flush(MOMENT);
    service.pipeline.flush(MOMENT).unwrap();
    let seen = collector.inbox().seen();
    for signal in ["traces", "logs"] {
        let failed = [("llmobs_signal", signal), ("error_type", "authentication")];
        assert_eq!(on_the_page(&service.observer, "llmobs_self_export_duration_seconds", &failed), Some(1.0));
        let failed = [("llmobs.signal", signal), ("error.type", "authentication")];
        assert_eq!(seen.last_count("llmobs.self.export.duration", &failed), Some(1));
        let refused = [("llmobs.signal", signal), ("llmobs.drop.reason", "refused")];
        assert_eq!(seen.last_sum("llmobs.self.dropped", &refused), Some(2.0));
        assert_eq!(dropped(&service.observer, signal, "refused"), Some(2.0));
        assert_eq!(seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", signal)]), Some(2_048.0));
        assert!(seen.last_sum("llmobs.self.export.age", &[("llmobs.signal", signal)]).unwrap() < 60.0);
    }
}

#[test]
fn one_observer_tells_and_when_it_is_gone_another_goes_on_where_it_ended() {
    let service = Service::new(to(format!("http://{}", nowhere()), Protocol::HttpProtobuf).retry_for(Duration::ZERO));
    let observe = || Observer::builder().model(MODEL).build().unwrap();
    let second = observe();
    service.pipeline.report_to(&second);
    service.operations(2);
    eventually("they were lost", || service.lost(Signal::Traces) == 2);
    assert_eq!(dropped(&service.observer, "traces", "unreachable"), Some(2.0));
    assert_eq!(dropped(&second, "traces", "unreachable"), None, "every loss is told once");

    let Service { pipeline, observer, .. } = service;
    drop(observer);
    let third = observe();
    pipeline.report_to(&third);
    assert_eq!(dropped(&third, "traces", "unreachable"), Some(0.0), "the first one told them already");
}
