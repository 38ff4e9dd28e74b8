//! After an outage of the collector, everything that fitted into the queues is exported.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use crate::fixture::unused_address;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

#[test]
fn items_from_an_outage_of_the_collector_arrive_after_it() {
    for protocol in PROTOCOLS {
        let address = unused_address();
        let service = TestService::new(pipeline_to(format!("http://{address}"), protocol));
        service.run_operations(50);
        assert!(service.pipeline.flush(Duration::from_millis(500)).is_err());
        let collector = Collector::start_at(address);
        collector.inbox().wait_until("both signals arrive", |seen| seen.spans.len() == 50 && seen.logs.len() == 50);

        // A second outage, this time with an open connection.
        drop(collector);
        service.run_operations(50);
        assert!(service.pipeline.flush(Duration::from_millis(500)).is_err());
        let collector = Collector::start_at(address);
        collector.inbox().wait_until("both signals arrive after the second outage", |seen| {
            seen.spans.len() == 50 && seen.logs.len() == 50
        });
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert_eq!(collector.inbox().snapshot().last_sum("llmobs.operation.ended", &[]), Some(100.0));
        assert!(service.pipeline.dropped().is_empty(), "{protocol:?}");
    }
}

#[test]
fn an_unavailable_collector_is_retried() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Unavailable);
        let service = TestService::connected(&collector, protocol);
        service.run_operations(5);
        collector.inbox().wait_until("the export was retried", |seen| seen.requests.len() >= 4);
        collector.behave(Behaviour::Accept);
        collector
            .inbox()
            .wait_until("the collector accepted them", |seen| seen.spans.len() == 5 && seen.logs.len() == 5);
        assert_eq!(service.dropped_count(Signal::Traces), 0);
    }
}

#[test]
fn no_retry_happens_before_the_delay_that_the_collector_requires() {
    for protocol in PROTOCOLS {
        let waited = wait_before_retry(protocol, Behaviour::Throttle(1));
        assert!(waited > Duration::from_millis(700), "{protocol:?}: retried after {waited:?}");
    }
}

/// Returns the time from the first attempt of an export, which the collector answers as `behaviour` says, to the
/// accepted retry.
fn wait_before_retry(protocol: Protocol, behaviour: Behaviour) -> Duration {
    let collector = Collector::start();
    collector.behave(behaviour);
    let service = TestService::new(pipeline_to(collector.endpoint(), protocol).without_signal(Signal::Logs));
    let clock = Clock::system();
    service.run_operations(1);
    collector.inbox().wait_until("the first attempt was made", |seen| !seen.requests.is_empty());
    let first_attempt = clock.now();
    collector.behave(Behaviour::Accept);
    collector.inbox().wait_until("the collector accepted it", |seen| seen.spans.len() == 1);
    clock.now().since(first_attempt)
}

#[test]
fn a_date_in_retry_after_is_waited_for() {
    for protocol in [Protocol::HttpProtobuf, Protocol::HttpJson] {
        #[expect(clippy::disallowed_methods, reason = "the header contains a date")]
        let now = std::time::SystemTime::now();
        // Dates have whole seconds: the wait is between 1 and 2 s.
        let date = httpdate::fmt_http_date(now + Duration::from_secs(2));
        let waited = wait_before_retry(protocol, Behaviour::RetryAfter(date.leak()));
        assert!(waited > Duration::from_millis(800), "{protocol:?}: retried after {waited:?}");
    }
}

#[test]
fn a_shutdown_does_not_wait_for_the_back_off() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Unavailable);
        let service = TestService::connected(&collector, protocol);
        service.run_operations(5);
        // By now the back-off between two attempts is at least 2.4 s.
        collector.inbox().wait_until("the export was retried", |seen| seen.requests.len() >= 10);
        collector.behave(Behaviour::Accept);
        let clock = Clock::system();
        let start = clock.now();
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert!(clock.now().since(start) < Duration::from_secs(2));
        let seen = collector.inbox().snapshot();
        assert_eq!((seen.spans.len(), seen.logs.len()), (5, 5));
    }
}

#[test]
fn a_collector_never_shortens_the_back_off() {
    for protocol in PROTOCOLS {
        let behaviours = [Behaviour::Throttle(0), Behaviour::Throttle(-1), Behaviour::RetryAfter("0")];
        for behaviour in behaviours.into_iter().chain([Behaviour::RetryAfter("Sun, 06 Nov 1994 08:49:37 GMT")]) {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service = TestService::new(
                pipeline_to(collector.endpoint(), protocol)
                    .batch_size(4)
                    .batch_delay(TIMEOUT)
                    .shutdown_timeout(Duration::ZERO),
            );
            service.run_operations(4);
            let clock = Clock::system();
            collector.inbox().wait_until("the first attempt was made", |seen| !seen.requests.is_empty());
            let start = clock.now();
            collector.inbox().wait_until("the exports were retried", |seen| seen.requests.len() >= 6);
            let passed = clock.now().since(start);
            // For each of two signals: the second and the third attempt, after 0.2 s and 0.4 s, minus at most a quarter
            // of jitter.
            assert!(
                passed >= Duration::from_millis(450),
                "{protocol:?}, {behaviour:?}: six requests within {passed:?}"
            );
        }
    }
}

#[test]
fn a_retry_time_of_zero_still_makes_one_attempt() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).retry_timeout(Duration::ZERO));
        service.run_operations(3);
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert_eq!(service.pipeline.sent(Signal::Traces), 3, "{protocol:?}");
        assert!(service.pipeline.dropped().is_empty(), "{protocol:?}");
    }
}

#[test]
fn any_timeout_is_accepted() {
    let collector = Collector::start();
    let service = TestService::new(pipeline_to(collector.endpoint(), Protocol::Grpc).retry_timeout(Duration::MAX));
    service.run_operations(3);
    service.pipeline.flush(Duration::MAX).unwrap();
    assert_eq!(service.pipeline.sent(Signal::Traces), 3);
    service.run_operations(2);
    service.pipeline.shutdown(Duration::MAX).unwrap();
    assert_eq!(service.pipeline.sent(Signal::Traces), 5);
}
