//! The pipeline works with any async runtime of the application, without one, and while a runtime shuts down.

use std::time::Duration;

use llmobs::clock::Clock;
use llmobs::otlp::Signal;

use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::TestService;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

/// Sends items of each signal and shuts down.
fn send_and_shut_down(service: &TestService) {
    service.run_operations(3);
    service.pipeline.shutdown(TIMEOUT).unwrap();
}

fn assert_all_received(collector: &Collector) {
    let seen = collector.inbox().snapshot();
    assert_eq!((seen.spans.len(), seen.logs.len()), (3, 3));
    assert_eq!(seen.last_sum("llmobs.operation.ended", &[]), Some(3.0));
}

#[test]
fn no_runtime_is_needed_for_either_protocol() {
    assert!(tokio::runtime::Handle::try_current().is_err());
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        send_and_shut_down(&TestService::connected(&collector, protocol));
        assert_all_received(&collector);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_runtime_of_one_thread_that_waits_for_the_shutdown_does_not_wait_for_itself() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        send_and_shut_down(&TestService::connected(&collector, protocol));
        assert_all_received(&collector);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_of_a_runtime_with_many_threads_send_and_shut_down() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        tokio::spawn(async move { send_and_shut_down(&TestService::new(pipeline_to(endpoint, protocol))) })
            .await
            .unwrap();
        assert_all_received(&collector);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_drop_in_async_code_sends_the_queued_items() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let service = TestService::connected(&collector, protocol);
        service.run_operations(3);
        drop(service);
        assert_all_received(&collector);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_drop_takes_no_longer_than_its_limit_if_the_collector_hangs() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.behave(Behaviour::Hang);
        let limit = Duration::from_millis(300);
        let service = TestService::new(
            pipeline_to(collector.endpoint(), protocol).timeout(100 * TIMEOUT).shutdown_timeout(limit),
        );
        service.run_operations(3);
        let clock = Clock::system();
        let start = clock.now();
        drop(service);
        let took = clock.now().since(start);
        assert!(took < 10 * limit, "{protocol:?}: {took:?}");
    }
}

#[test]
fn a_pipeline_outlives_the_runtime_that_created_it() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let service = runtime.block_on(async { TestService::connected(&collector, protocol) });
        drop(runtime);
        send_and_shut_down(&service);
        assert_all_received(&collector);
    }
}

#[test]
fn a_panic_that_unwinds_through_the_pipeline_still_sends() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let ended = std::thread::spawn(move || {
        let service = TestService::new(pipeline_to(endpoint, PROTOCOLS[0]));
        service.run(|| {
            let _operation = service.observer.chat(crate::fixture::MODEL).start();
            panic!("on purpose");
        });
    });
    assert!(ended.join().is_err());
    let seen = collector.inbox().snapshot();
    assert_eq!(seen.last_sum("llmobs.operation.ended", &[("error.type", "internal")]), Some(1.0));
    assert_eq!(seen.spans.len(), 1);
}

#[test]
fn several_pipelines_run_in_one_process() {
    let collectors: Vec<_> = (0..4).map(|_| Collector::start()).collect();
    let services: Vec<_> = collectors.iter().map(|collector| TestService::connected(collector, PROTOCOLS[1])).collect();
    for service in &services {
        service.run_operations(3);
    }
    for (service, collector) in services.iter().zip(&collectors) {
        service.pipeline.shutdown(TIMEOUT).unwrap();
        assert_all_received(collector);
        assert_eq!(service.pipeline.sent(Signal::Logs), 3);
    }
}
