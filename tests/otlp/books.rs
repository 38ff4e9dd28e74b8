//! Of ten thousand operations, each is exported or counted as dropped.

use llmobs::otlp::Signal;

use crate::kit::BOTH;
use crate::kit::MOMENT;
use crate::kit::Service;
use crate::kit::to;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;

const OPERATIONS: usize = 10_000;

#[test]
fn with_room_in_the_queues_all_that_ended_before_the_shutdown_comes_out_in_every_signal() {
    for protocol in BOTH {
        let collector = Collector::start();
        let service = Service::new(to(collector.endpoint(), protocol).queue_limit(2 * OPERATIONS));
        service.operations(OPERATIONS);
        service.pipeline.shutdown(3 * MOMENT).unwrap();
        let seen = collector.inbox().seen();
        assert_eq!((seen.spans.len(), seen.logs.len()), (OPERATIONS, OPERATIONS), "{protocol:?}");
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(OPERATIONS as f64));
        assert_eq!(seen.last_count("gen_ai.server.request.duration", &[]), Some(OPERATIONS as u64));
        assert!(service.pipeline.losses().is_empty());
        assert_eq!(service.pipeline.sent(Signal::Traces), OPERATIONS as u64);
    }
}

#[test]
fn at_the_default_sizes_what_went_in_is_what_came_out_and_what_was_counted_as_lost() {
    for protocol in BOTH {
        let collector = Collector::start();
        // The first request is still in progress when the queues are full.
        collector.behave(Behaviour::Slow(std::time::Duration::from_millis(500)));
        let service = Service::to(&collector, protocol);
        service.operations(OPERATIONS);
        collector.behave(Behaviour::Accept);
        let result = service.pipeline.shutdown(3 * MOMENT);
        assert_eq!(result, Ok(()), "what was lost before the shutdown is no matter of the shutdown");
        let seen = collector.inbox().seen();
        for (signal, came) in [("traces", seen.spans.len()), ("logs", seen.logs.len())] {
            let lost = seen.last_sum("llmobs.self.dropped", &[("llmobs.signal", signal)]).unwrap();
            assert_eq!(came as f64 + lost, OPERATIONS as f64, "{protocol:?} {signal}");
            assert!(lost > 0.0, "{signal}: else the sizes were not tried");
            let full = [("llmobs.signal", signal), ("llmobs.drop.reason", "queue_full")];
            assert_eq!(seen.last_sum("llmobs.self.dropped", &full), Some(lost));
        }
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(OPERATIONS as f64), "metrics lose nothing");
        assert_eq!(seen.last_sum("llmobs.self.dropped", &[("llmobs.signal", "metrics")]), Some(0.0));
    }
}

#[test]
fn what_a_collector_took_only_in_part_is_counted() {
    for protocol in BOTH {
        let collector = Collector::start();
        collector.behave(Behaviour::Reject(4));
        let service = Service::new(to(collector.endpoint(), protocol).batch_delay(MOMENT));
        service.operations(10);
        let error = service.pipeline.shutdown(MOMENT).unwrap_err();
        assert!(error.signals.contains(&Signal::Traces) && error.signals.contains(&Signal::Logs));
        for signal in [Signal::Traces, Signal::Logs] {
            assert_eq!((service.lost(signal), service.pipeline.sent(signal)), (4, 6), "{protocol:?} {signal:?}");
        }
    }
}

#[test]
fn what_comes_after_the_shutdown_is_counted_and_a_second_shutdown_does_nothing() {
    let collector = Collector::start();
    let service = Service::to(&collector, BOTH[0]);
    service.operations(2);
    service.pipeline.shutdown(MOMENT).unwrap();
    let requests = collector.inbox().seen().requests.len();
    service.operations(3);
    service.pipeline.shutdown(MOMENT).unwrap();
    service.pipeline.flush(MOMENT).unwrap();
    assert_eq!((service.lost(Signal::Traces), service.lost(Signal::Logs)), (3, 3));
    assert_eq!(collector.inbox().seen().requests.len(), requests);
}

#[test]
fn a_flush_sends_what_waits_and_the_pipeline_goes_on() {
    for protocol in BOTH {
        let collector = Collector::start();
        let service = Service::new(to(collector.endpoint(), protocol).batch_delay(100 * MOMENT));
        for round in 1..=3 {
            service.operations(5);
            service.pipeline.flush(MOMENT).unwrap();
            let seen = collector.inbox().seen();
            assert_eq!((seen.spans.len(), seen.logs.len()), (5 * round, 5 * round));
            assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(5.0 * round as f64));
        }
    }
}
