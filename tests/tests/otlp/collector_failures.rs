//! A collector that is absent, refuses, hangs or sends invalid answers never blocks the application.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::otlp::DropReason;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::eventually;
use crate::fixture::pipeline_to;
use crate::fixture::unused_address;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

const SHORT_TIMEOUT: Duration = Duration::from_millis(300);

#[test]
fn ten_thousand_operations_end_without_waiting_while_an_exporter_is_blocked() {
    const OPERATIONS: usize = 10_000;
    for protocol in PROTOCOLS {
        let clock = Clock::system();
        let timed = |service: &TestService| {
            let start = clock.now();
            service.run_operations(OPERATIONS);
            clock.now().since(start)
        };
        let free = Collector::start();
        let service = TestService::new(pipeline_to(free.endpoint(), protocol).queue_limit(2 * OPERATIONS));
        let free_time = timed(&service);
        drop(service);

        let blocked = Collector::start();
        blocked.behave(Behaviour::Hang);
        let service = TestService::new(pipeline_to(blocked.endpoint(), protocol).timeout(100 * TIMEOUT));
        service.run_operations(600);
        blocked.inbox().wait_until("the exporter is stuck", |seen| seen.requests.len() >= 2);
        let blocked_time = timed(&service);
        // A single wait for the blocked exporter would last as long as the whole test.
        assert!(blocked_time < 4 * free_time, "{blocked_time:?} blocked, {free_time:?} not");
        assert!(service.observer.in_flight().is_empty());
        let all = OPERATIONS as u64 + 600;
        for signal in [Signal::Traces, Signal::Logs] {
            let queued = all - service.dropped_count(signal);
            assert_eq!(service.dropped_by_reason(signal).keys().collect::<Vec<_>>(), [&DropReason::QueueFull]);
            assert!(queued <= 2_048, "{queued} {signal:?} are queued in memory");
        }
        let start = clock.now();
        let error = service.pipeline.shutdown(SHORT_TIMEOUT).unwrap_err();
        assert_eq!(error.signals, Signal::ALL);
        assert!(clock.now().since(start) < TIMEOUT, "the shutdown keeps to its limit");
        for signal in [Signal::Traces, Signal::Logs] {
            assert_eq!(service.dropped_count(signal), all, "the remaining items are counted too");
        }
    }
}

#[test]
fn a_refusal_is_final_and_counted() {
    for protocol in PROTOCOLS {
        for behaviour in [Behaviour::Invalid, Behaviour::Unauthenticated, Behaviour::Page, Behaviour::Endless] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service =
                TestService::new(pipeline_to(collector.endpoint(), protocol).batch_size(4).batch_delay(TIMEOUT));
            service.run_operations(4);
            eventually("the batch was dropped", || service.dropped_count(Signal::Traces) == 4);
            eventually("the records were dropped", || service.dropped_count(Signal::Logs) == 4);
            for signal in [Signal::Traces, Signal::Logs] {
                let dropped = service.dropped_by_reason(signal);
                assert_eq!(dropped.get(&DropReason::Refused), Some(&4), "{protocol:?} {behaviour:?}: {dropped:?}");
            }
            // One attempt for each of the two signals.
            assert_eq!(collector.inbox().snapshot().requests.len(), 2, "{protocol:?} {behaviour:?}");
        }
    }
}

#[test]
fn an_answer_that_is_not_http_or_grpc_drops_the_batch_and_the_pipeline_continues() {
    for protocol in PROTOCOLS {
        for behaviour in [Behaviour::Noise, Behaviour::Close, Behaviour::Garbage] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service = TestService::new(
                pipeline_to(collector.endpoint(), protocol).retry_timeout(SHORT_TIMEOUT).batch_size(4),
            );
            service.run_operations(4);
            // Over HTTP, the status 200 alone means success, because some back ends answer with JSON.
            let taken = protocol != Protocol::Grpc && behaviour == Behaviour::Garbage;
            for signal in [Signal::Traces, Signal::Logs] {
                eventually("they were accepted or dropped", || {
                    let (sent, dropped) = if taken { (4, 0) } else { (0, 4) };
                    service.pipeline.sent(signal) == sent && service.dropped_count(signal) == dropped
                });
            }
            collector.behave(Behaviour::Accept);
            service.run_operations(4);
            collector
                .inbox()
                .wait_until("the pipeline continues", |seen| seen.spans.len() == 4 && seen.logs.len() == 4);
        }
    }
}

#[test]
fn an_unreachable_collector_is_retried_until_the_limit_and_the_items_are_counted() {
    for protocol in PROTOCOLS {
        let service = TestService::new(
            pipeline_to(format!("http://{}", unused_address()), protocol).retry_timeout(SHORT_TIMEOUT),
        );
        service.run_operations(7);
        for signal in [Signal::Traces, Signal::Logs] {
            eventually("they were dropped", || {
                service.dropped_by_reason(signal).get(&DropReason::Unreachable) == Some(&7)
            });
        }
        // Cumulative metrics are not lost: the next export contains them all.
        assert!(service.pipeline.flush(SHORT_TIMEOUT).is_err());
        assert_eq!(service.dropped_count(Signal::Metrics), 0);
    }
}

#[test]
fn every_item_is_sent_or_counted_and_the_shutdown_ends_in_time_whatever_the_collector_does() {
    for protocol in PROTOCOLS {
        for behaviour in [
            Behaviour::Reset,
            Behaviour::Silent,
            Behaviour::Hang,
            Behaviour::Close,
            Behaviour::Noise,
            Behaviour::Endless,
            Behaviour::Bomb,
            Behaviour::Redirect,
            Behaviour::Reject(100_000),
            Behaviour::Reject(-1),
            Behaviour::Throttle(0),
            Behaviour::RetryAfter("100000000000000000000000"),
            Behaviour::RetryAfter("-1"),
            Behaviour::RetryAfter("Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service = TestService::new(pipeline_to(collector.endpoint(), protocol).batch_size(7));
            service.run_operations(40);
            let clock = Clock::system();
            let start = clock.now();
            let _ = service.pipeline.shutdown(SHORT_TIMEOUT);
            let passed = clock.now().since(start);
            assert!(passed < SHORT_TIMEOUT + Duration::from_secs(2), "{protocol:?} {behaviour:?}: {passed:?}");
            for signal in [Signal::Traces, Signal::Logs] {
                let (sent, dropped) = (service.pipeline.sent(signal), service.dropped_by_reason(signal));
                assert_eq!(sent + dropped.values().sum::<u64>(), 40, "{protocol:?} {behaviour:?}: {sent}, {dropped:?}");
            }
        }
    }
}

#[test]
fn a_collector_that_closes_each_connection_receives_everything_once() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::OneRequestEach);
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).batch_size(7));
        service.run_operations(50);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        assert_eq!((seen.spans.len(), seen.logs.len()), (50, 50), "{protocol:?}");
        assert!(seen.connections > 10, "{} connections", seen.connections);
        assert!(service.pipeline.dropped().is_empty(), "{protocol:?}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Redirect);
        // One batch: only its size sends it, so that a slow machine does not divide it.
        let settings = pipeline_to(collector.endpoint(), protocol).batch_size(4).batch_delay(Duration::from_secs(60));
        let service = TestService::new(settings.without_signal(Signal::Logs));
        service.run_operations(4);
        eventually("the batch was refused", || {
            service.dropped_by_reason(Signal::Traces).get(&DropReason::Refused) == Some(&4)
        });
        assert_eq!(collector.inbox().snapshot().requests.len(), 1, "{protocol:?}");
    }
}

#[test]
fn delta_metrics_are_dropped_with_their_failed_export() {
    let service = TestService::new(
        pipeline_to(format!("http://{}", unused_address()), Protocol::HttpProtobuf).delta_temporality(true),
    );
    service.run_operations(1);
    assert!(service.pipeline.shutdown(SHORT_TIMEOUT).is_err());
    assert!(service.dropped_count(Signal::Metrics) > 0);
}

#[test]
fn a_slow_collector_receives_everything() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Slow(SHORT_TIMEOUT));
        let service = TestService::connected(&collector, protocol);
        service.run_operations(20);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        assert_eq!((seen.spans.len(), seen.logs.len()), (20, 20));
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(20.0));
    }
}

#[test]
fn an_attempt_ends_at_its_timeout_and_the_next_one_may_succeed() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Hang);
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).timeout(SHORT_TIMEOUT));
        service.run_operations(3);
        collector.inbox().wait_until("both attempts hang", |seen| seen.requests.len() >= 2);
        collector.behave(Behaviour::Accept);
        collector.inbox().wait_until("the next ones do not", |seen| seen.spans.len() == 3 && seen.logs.len() == 3);
        assert!(service.pipeline.dropped().is_empty());
    }
}
