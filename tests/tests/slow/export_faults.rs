//! A collector that fails delays no request and costs a bounded amount of memory.
//!
//! The duration of requests with a pipeline is compared with that of requests without one in the same run, in alternating
//! blocks, so that the load of the machine affects both.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Usage;
use llmobs::clock::Clock;
use llmobs::otlp::Pipeline;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const MODEL: &str = "m";
/// The requests of one block. Twenty run at the same time and do not start together.
const REQUESTS: usize = 300;
const CONCURRENT: usize = 20;
/// The work of a request besides its telemetry.
const WORK: Duration = Duration::from_millis(20);
/// The most comparisons of a fault. A delay of each request shows in all of them.
const COMPARISONS: usize = 15;
/// More operations than fit into a queue.
const WARM_UP: usize = 3_000;
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

#[test]
fn no_request_is_delayed_and_memory_is_bounded_whatever_the_collector_does() {
    let faults = [
        None,
        Some(Behaviour::Accept),
        Some(Behaviour::Slow(Duration::from_millis(500))),
        Some(Behaviour::Unavailable),
        Some(Behaviour::Invalid),
        Some(Behaviour::Throttle(0)),
        Some(Behaviour::Reject(100_000)),
        Some(Behaviour::Hang),
        Some(Behaviour::Silent),
        Some(Behaviour::Reset),
        Some(Behaviour::Endless),
        Some(Behaviour::Bomb),
        Some(Behaviour::Redirect),
        Some(Behaviour::OneRequestEach),
    ];
    for protocol in [Protocol::HttpProtobuf, Protocol::Grpc] {
        for fault in faults {
            check(protocol, fault);
        }
    }
}

/// Checks one fault; `None` is an address at which no collector listens.
fn check(protocol: Protocol, fault: Option<Behaviour>) {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let collector = fault.map(|behaviour| {
        collector.behave(behaviour);
        collector
    });
    let settings = llmobs::otlp::builder().environment([("", ""); 0]).endpoint(endpoint).protocol(protocol);
    let pipeline = settings.metrics_interval(Duration::from_millis(200)).build().unwrap();
    let with = Service::new(Some(&pipeline));
    let without = Service::new(None);
    tracing::dispatcher::with_default(&with.dispatch, || {
        (0..WARM_UP).for_each(|_| with.observer.chat(MODEL).start().complete())
    });
    let before = resident_bytes();
    // The best of the comparisons: another process may take a core during some of them, and the collector of the test needs
    // one too.
    let mut ratio = f64::INFINITY;
    for _ in 0..COMPARISONS {
        let (mut without_pipeline, mut with_pipeline) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            without_pipeline.extend(without.run_block());
            with_pipeline.extend(with.run_block());
        }
        ratio = ratio.min(p99(&mut with_pipeline) / p99(&mut without_pipeline));
        // The memory of this process must not grow by what the collector of the test stores.
        if let Some(collector) = &collector {
            collector.inbox().clear();
        }
        if ratio < 1.1 {
            break;
        }
    }
    let grown = resident_bytes().saturating_sub(before) / (1024 * 1024);
    let clock = Clock::system();
    let start = clock.now();
    let _ = pipeline.shutdown(SHUTDOWN_LIMIT);
    let shutdown = clock.now().since(start);
    println!("{} {fault:?}: p99 {ratio:.3} of no pipeline, {grown} MiB, shutdown {shutdown:?}", protocol.as_str());
    assert!(ratio < 1.1, "{protocol:?} {fault:?}: the p99 is {ratio:.2} times that without a pipeline");
    assert!(grown < 32, "{protocol:?} {fault:?}: {grown} MiB");
    assert!(shutdown < SHUTDOWN_LIMIT + Duration::from_secs(1), "{protocol:?} {fault:?}: {shutdown:?}");
    for signal in [Signal::Traces, Signal::Logs] {
        let dropped = pipeline.dropped().into_iter().filter(|((of, _), _)| *of == signal).map(|(_, items)| items);
        let counted = pipeline.sent(signal) + dropped.sum::<u64>();
        assert_eq!(counted, WARM_UP as u64 + with.operations.load(Ordering::Relaxed), "{protocol:?} {fault:?}");
    }
    drop(collector);
}

/// An observer, with its events and spans passed to a pipeline or to no subscriber.
struct Service {
    observer: Observer,
    dispatch: Dispatch,
    operations: AtomicU64,
}

impl Service {
    fn new(pipeline: Option<&Pipeline>) -> Self {
        let builder = Observer::builder().model(MODEL);
        let (observer, dispatch) = match pipeline {
            Some(pipeline) => {
                let registry = tracing_subscriber::registry().with(pipeline.layer()).with(LevelFilter::INFO);
                (builder.meter_provider(pipeline.meter_provider()).build().unwrap(), Dispatch::new(registry))
            }
            None => (builder.build().unwrap(), Dispatch::none()),
        };
        Self { observer, dispatch, operations: AtomicU64::new(0) }
    }

    /// Runs one block of requests and returns the duration of each in seconds.
    fn run_block(&self) -> Vec<f64> {
        self.operations.fetch_add(REQUESTS as u64, Ordering::Relaxed);
        let clock = &Clock::system();
        let run = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let requests = (0..CONCURRENT).map(|worker| async move {
                let mut durations = Vec::new();
                tokio::time::sleep(WORK * worker as u32 / CONCURRENT as u32).await;
                for _ in 0..REQUESTS / CONCURRENT {
                    let start = clock.now();
                    let operation = self.observer.chat(MODEL).start();
                    tokio::time::sleep(WORK).await;
                    operation.marker().usage(Usage::new().input(3).output(5));
                    operation.complete();
                    durations.push(clock.now().since(start).as_secs_f64());
                }
                durations
            });
            runtime.block_on(futures_util::future::join_all(requests)).concat()
        };
        tracing::dispatcher::with_default(&self.dispatch, run)
    }
}

fn p99(durations: &mut [f64]) -> f64 {
    durations.sort_by(f64::total_cmp);
    durations[durations.len() * 99 / 100]
}

/// Returns the bytes of this process that are in memory.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap_or(0) * 1024
}
