//! Of ten thousand operations, each is exported or counted as dropped.

use llmobs::otlp::Signal;

use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

const OPERATIONS: usize = 10_000;

#[test]
fn with_room_in_the_queues_every_operation_that_ended_before_the_shutdown_is_exported_in_every_signal() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).queue_limit(2 * OPERATIONS));
        service.run_operations(OPERATIONS);
        service.pipeline.shutdown(3 * TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        assert_eq!((seen.spans.len(), seen.logs.len()), (OPERATIONS, OPERATIONS), "{protocol:?}");
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(OPERATIONS as f64));
        assert_eq!(seen.last_count("gen_ai.server.request.duration", &[]), Some(OPERATIONS as u64));
        assert!(service.pipeline.dropped().is_empty());
        assert_eq!(service.pipeline.sent(Signal::Traces), OPERATIONS as u64);
    }
}

#[test]
fn at_the_default_sizes_each_item_is_exported_or_counted_as_dropped() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        // The first request is still in progress when the queues are full.
        collector.behave(Behaviour::Slow(std::time::Duration::from_millis(500)));
        let service = TestService::connected(&collector, protocol);
        service.run_operations(OPERATIONS);
        collector.behave(Behaviour::Accept);
        let result = service.pipeline.shutdown(3 * TIMEOUT);
        assert_eq!(result, Ok(()), "items dropped before the shutdown do not fail the shutdown");
        let seen = collector.inbox().snapshot();
        for (signal, received) in [("traces", seen.spans.len()), ("logs", seen.logs.len())] {
            let dropped = seen.last_sum("llmobs.self.dropped", &[("llmobs.signal", signal)]).unwrap();
            assert_eq!(received as f64 + dropped, OPERATIONS as f64, "{protocol:?} {signal}");
            assert!(dropped > 0.0, "{signal}: otherwise no queue was full");
            let full = [("llmobs.signal", signal), ("llmobs.drop.reason", "queue_full")];
            assert_eq!(seen.last_sum("llmobs.self.dropped", &full), Some(dropped));
        }
        assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(OPERATIONS as f64), "metrics drop nothing");
        assert_eq!(seen.last_sum("llmobs.self.dropped", &[("llmobs.signal", "metrics")]), Some(0.0));
    }
}

#[test]
fn items_that_a_collector_rejects_from_a_batch_are_counted() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Reject(4));
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).batch_delay(TIMEOUT));
        service.run_operations(10);
        let error = service.pipeline.shutdown(TIMEOUT).unwrap_err();
        assert!(error.signals.contains(&Signal::Traces) && error.signals.contains(&Signal::Logs));
        for signal in [Signal::Traces, Signal::Logs] {
            assert_eq!(
                (service.dropped_count(signal), service.pipeline.sent(signal)),
                (4, 6),
                "{protocol:?} {signal:?}"
            );
        }
    }
}

#[test]
fn items_after_the_shutdown_are_counted_as_dropped_and_a_second_shutdown_does_nothing() {
    let collector = Collector::start();
    let service = TestService::connected(&collector, PROTOCOLS[0]);
    service.run_operations(2);
    service.pipeline.shutdown(TIMEOUT).unwrap();
    let requests = collector.inbox().snapshot().requests.len();
    service.run_operations(3);
    service.pipeline.shutdown(TIMEOUT).unwrap();
    service.pipeline.flush(TIMEOUT).unwrap();
    assert_eq!((service.dropped_count(Signal::Traces), service.dropped_count(Signal::Logs)), (3, 3));
    assert_eq!(collector.inbox().snapshot().requests.len(), requests);
}

#[test]
fn a_flush_sends_the_queued_items_and_the_pipeline_continues() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let service = TestService::new(pipeline_to(collector.endpoint(), protocol).batch_delay(100 * TIMEOUT));
        for round in 1..=3 {
            service.run_operations(5);
            service.pipeline.flush(TIMEOUT).unwrap();
            let seen = collector.inbox().snapshot();
            assert_eq!((seen.spans.len(), seen.logs.len()), (5 * round, 5 * round));
            assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(5.0 * round as f64));
        }
    }
}
