//! After an outage of the collector, everything that fitted into the queues is exported.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::kit::BOTH;
use crate::kit::MOMENT;
use crate::kit::Service;
use crate::kit::nowhere;
use crate::kit::to;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;

#[test]
fn what_was_made_while_the_collector_was_away_arrives_when_it_is_back() {
    for protocol in BOTH {
        let address = nowhere();
        let service = Service::new(to(format!("http://{address}"), protocol));
        service.operations(50);
        assert!(service.pipeline.flush(Duration::from_millis(500)).is_err());
        let collector = Collector::start_at(address);
        collector.inbox().wait_until("both are back", |seen| seen.spans.len() == 50 && seen.logs.len() == 50);

        // A second outage, this time with an open connection.
        drop(collector);
        service.operations(50);
        assert!(service.pipeline.flush(Duration::from_millis(500)).is_err());
        let collector = Collector::start_at(address);
        collector.inbox().wait_until("and again", |seen| seen.spans.len() == 50 && seen.logs.len() == 50);
        service.pipeline.shutdown(MOMENT).unwrap();
        assert_eq!(collector.inbox().seen().last_sum("llmobs.operation.ended", &[]), Some(100.0));
        assert!(service.pipeline.losses().is_empty(), "{protocol:?}");
    }
}

#[test]
fn who_cannot_now_is_asked_again() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Unavailable);
        let service = Service::to(&collector, protocol);
        service.operations(5);
        collector.inbox().wait_until("it was asked again", |seen| seen.requests.len() >= 4);
        collector.behave(Behaviour::Accept);
        collector.inbox().wait_until("it took them", |seen| seen.spans.len() == 5 && seen.logs.len() == 5);
        assert_eq!(service.lost(Signal::Traces), 0);
    }
}

#[test]
fn who_says_when_to_come_back_is_not_asked_before() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Throttle(1));
        let service = Service::new(to(collector.endpoint(), protocol).without(Signal::Logs));
        let clock = Clock::system();
        service.operations(1);
        collector.inbox().wait_until("it was asked", |seen| !seen.requests.is_empty());
        let asked = clock.now();
        collector.behave(Behaviour::Accept);
        collector.inbox().wait_until("it took it", |seen| seen.spans.len() == 1);
        let waited = clock.now().since(asked);
        assert!(waited > Duration::from_millis(700), "{protocol:?}: it was asked again after {waited:?}");
    }
}

#[test]
fn a_shutdown_does_not_wait_for_the_time_to_come_back() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Unavailable);
        let service = Service::to(&collector, protocol);
        service.operations(5);
        // By now the back-off between two attempts is several seconds.
        collector.inbox().wait_until("it was asked again", |seen| seen.requests.len() >= 8);
        collector.behave(Behaviour::Accept);
        let clock = Clock::system();
        let start = clock.now();
        service.pipeline.shutdown(MOMENT).unwrap();
        assert!(clock.now().since(start) < Duration::from_secs(2));
        let seen = collector.inbox().seen();
        assert_eq!((seen.spans.len(), seen.logs.len()), (5, 5));
    }
}

#[test]
fn a_collector_never_shortens_the_back_off() {
    for protocol in BOTH {
        for seconds in [0, -1] {
            let collector = Collector::start();
            collector.behave(Behaviour::Throttle(seconds));
            let service = Service::new(to(collector.endpoint(), protocol).batch_size(4).batch_delay(MOMENT));
            service.operations(4);
            let clock = Clock::system();
            collector.inbox().wait_until("it was tried", |seen| !seen.requests.is_empty());
            let start = clock.now();
            collector.inbox().wait_until("it was tried again", |seen| seen.requests.len() >= 6);
            let passed = clock.now().since(start);
            // For each of two signals: the second and the third attempt, after 0.2 s and 0.4 s, minus at most a quarter
            // of jitter.
            assert!(passed >= Duration::from_millis(450), "{protocol:?}, {seconds} s: six requests within {passed:?}");
        }
    }
}

#[test]
fn any_limit_of_time_is_accepted() {
    let collector = Collector::start();
    let service = Service::new(to(collector.endpoint(), Protocol::Grpc).retry_for(Duration::MAX));
    service.operations(3);
    service.pipeline.flush(Duration::MAX).unwrap();
    assert_eq!(service.pipeline.sent(Signal::Traces), 3);
    service.operations(2);
    service.pipeline.shutdown(Duration::MAX).unwrap();
    assert_eq!(service.pipeline.sent(Signal::Traces), 5);
}
