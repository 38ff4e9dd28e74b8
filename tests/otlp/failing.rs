//! A collector that is absent, refuses, hangs or sends invalid answers never blocks the application.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::otlp::DropReason;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;

use crate::kit::BOTH;
use crate::kit::MOMENT;
use crate::kit::Service;
use crate::kit::eventually;
use crate::kit::nowhere;
use crate::kit::to;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;

const SOON: Duration = Duration::from_millis(300);

#[test]
fn while_an_exporter_is_blocked_for_good_ten_thousand_operations_end_and_none_waits() {
    const OPERATIONS: usize = 10_000;
    for protocol in BOTH {
        let clock = Clock::system();
        let timed = |service: &Service| {
            let start = clock.now();
            service.operations(OPERATIONS);
            clock.now().since(start)
        };
        let free = Collector::start();
        let service = Service::new(to(free.endpoint(), protocol).queue_limit(2 * OPERATIONS));
        let unhindered = timed(&service);
        drop(service);

        let blocked = Collector::start();
        blocked.behave(Behaviour::Hang);
        let service = Service::new(to(blocked.endpoint(), protocol).timeout(100 * MOMENT));
        service.operations(600);
        blocked.inbox().wait_until("the exporter is stuck", |seen| seen.requests.len() >= 2);
        let hindered = timed(&service);
        // A single wait for the blocked exporter would last as long as the whole test.
        assert!(hindered < 4 * unhindered, "{hindered:?} blocked, {unhindered:?} not");
        assert!(service.observer.in_flight().is_empty());
        let all = OPERATIONS as u64 + 600;
        for signal in [Signal::Traces, Signal::Logs] {
            let kept = all - service.lost(signal);
            assert_eq!(service.losses(signal).keys().collect::<Vec<_>>(), [&DropReason::QueueFull]);
            assert!(kept <= 2_048, "{kept} {signal:?} are kept in memory");
        }
        let start = clock.now();
        let error = service.pipeline.shutdown(SOON).unwrap_err();
        assert_eq!(error.signals, Signal::ALL);
        assert!(clock.now().since(start) < MOMENT, "the shutdown keeps to its limit");
        for signal in [Signal::Traces, Signal::Logs] {
            assert_eq!(service.lost(signal), all, "what was left is counted too");
        }
    }
}

#[test]
fn a_refusal_is_final_and_counted() {
    for protocol in BOTH {
        for behaviour in [Behaviour::Invalid, Behaviour::Unauthenticated, Behaviour::Page, Behaviour::Endless] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service = Service::new(to(collector.endpoint(), protocol).batch_size(4).batch_delay(MOMENT));
            service.operations(4);
            eventually("the batch was given up", || service.lost(Signal::Traces) == 4);
            eventually("the records were given up", || service.lost(Signal::Logs) == 4);
            for signal in [Signal::Traces, Signal::Logs] {
                let losses = service.losses(signal);
                assert_eq!(losses.get(&DropReason::Refused), Some(&4), "{protocol:?} {behaviour:?}: {losses:?}");
            }
            // One attempt for each of the two signals.
            assert_eq!(collector.inbox().seen().requests.len(), 2, "{protocol:?} {behaviour:?}");
        }
    }
}

#[test]
fn an_answer_that_is_no_http_or_no_grpc_is_a_loss_and_no_crash() {
    for protocol in BOTH {
        for behaviour in [Behaviour::Noise, Behaviour::Close, Behaviour::Garbage] {
            let collector = Collector::start();
            collector.behave(behaviour);
            let service = Service::new(to(collector.endpoint(), protocol).retry_for(SOON).batch_size(4));
            service.operations(4);
            // Over HTTP, the status 200 alone means success, because some back ends answer with JSON.
            let taken = (protocol, behaviour) == (Protocol::HttpProtobuf, Behaviour::Garbage);
            for signal in [Signal::Traces, Signal::Logs] {
                eventually("they were taken or given up", || {
                    let (sent, lost) = if taken { (4, 0) } else { (0, 4) };
                    service.pipeline.sent(signal) == sent && service.lost(signal) == lost
                });
            }
            collector.behave(Behaviour::Accept);
            service.operations(4);
            collector.inbox().wait_until("it goes on", |seen| seen.spans.len() == 4 && seen.logs.len() == 4);
        }
    }
}

#[test]
fn nobody_there_is_tried_again_for_a_while_and_then_counted() {
    for protocol in BOTH {
        let service = Service::new(to(format!("http://{}", nowhere()), protocol).retry_for(SOON));
        service.operations(7);
        for signal in [Signal::Traces, Signal::Logs] {
            eventually("they were given up", || service.losses(signal).get(&DropReason::Unreachable) == Some(&7));
        }
        // Cumulative metrics are not lost: the next export contains them all.
        assert!(service.pipeline.flush(SOON).is_err());
        assert_eq!(service.lost(Signal::Metrics), 0);
    }
}

#[test]
fn metrics_since_the_last_time_are_lost_with_their_export() {
    let service = Service::new(to(format!("http://{}", nowhere()), Protocol::HttpProtobuf).delta_metrics(true));
    service.operations(1);
    assert!(service.pipeline.shutdown(SOON).is_err());
    assert!(service.lost(Signal::Metrics) > 0);
}

#[test]
fn a_slow_collector_gets_everything_late() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Slow(SOON));
        let service = Service::to(&collector, protocol);
        service.operations(20);
        service.pipeline.shutdown(MOMENT).unwrap();
        let seen = collector.inbox().seen();
        assert_eq!((seen.spans.len(), seen.logs.len()), (20, 20));
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(20.0));
    }
}

#[test]
fn a_try_ends_at_its_time_limit_and_the_next_one_may_succeed() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Hang);
        let service = Service::new(to(collector.endpoint(), protocol).timeout(SOON));
        service.operations(3);
        collector.inbox().wait_until("both tries hang", |seen| seen.requests.len() >= 2);
        collector.behave(Behaviour::Accept);
        collector.inbox().wait_until("the next ones do not", |seen| seen.spans.len() == 3 && seen.logs.len() == 3);
        assert!(service.pipeline.losses().is_empty());
    }
}
