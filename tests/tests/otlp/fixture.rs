//! A service with a separate pipeline, independent of the other tests.

use std::collections::BTreeMap;
use std::time::Duration;

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Usage;
use llmobs::otlp::DropReason;
use llmobs::otlp::Pipeline;
use llmobs::otlp::PipelineBuilder;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use tracing::Dispatch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;

use llmobs_tests::collector::Collector;

pub const MODEL: &str = "smollm2-135m-instruct";
pub const PROTOCOLS: [Protocol; 3] = [Protocol::HttpProtobuf, Protocol::HttpJson, Protocol::Grpc];
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// An observer whose telemetry is sent to one pipeline.
pub struct TestService {
    pub pipeline: Pipeline,
    pub observer: Observer,
    dispatch: Dispatch,
}

/// Returns settings that ignore the environment, export spans and log records after 20 ms, and export metrics only at a
/// flush or shutdown.
pub fn pipeline_to(endpoint: impl Into<String>, protocol: Protocol) -> PipelineBuilder {
    llmobs::otlp::builder()
        .environment([("", ""); 0])
        .endpoint(endpoint)
        .protocol(protocol)
        .service_name("assistant")
        .batch_delay(Duration::from_millis(20))
        // The registries of the tests have filters.
        .filter("trace")
        .metrics_interval(Duration::from_secs(3_600))
        .timeout(Duration::from_secs(2))
}

impl TestService {
    pub fn new(settings: PipelineBuilder) -> Self {
        Self::with(settings, |observer| observer)
    }

    pub fn with(settings: PipelineBuilder, configure: impl FnOnce(ObserverBuilder<'_>) -> ObserverBuilder<'_>) -> Self {
        Self::with_filter(settings, Targets::new().with_default(LevelFilter::INFO), configure)
    }

    pub fn with_filter(
        settings: PipelineBuilder,
        filter: Targets,
        configure: impl FnOnce(ObserverBuilder<'_>) -> ObserverBuilder<'_>,
    ) -> Self {
        let pipeline = settings.build().unwrap();
        let registry = tracing_subscriber::registry().with(pipeline.layer()).with(filter);
        let builder = Observer::builder()
            .model(MODEL)
            .meter_provider(pipeline.meter_provider())
            .logger_provider(pipeline.logger_provider());
        let observer = configure(builder).build().unwrap();
        pipeline.report_to(&observer);
        Self { pipeline, observer, dispatch: Dispatch::new(registry) }
    }

    pub fn connected(collector: &Collector, protocol: Protocol) -> Self {
        Self::new(pipeline_to(collector.endpoint(), protocol))
    }

    /// Runs code whose spans and events are sent to the pipeline.
    pub fn run<T>(&self, code: impl FnOnce() -> T) -> T {
        tracing::dispatcher::with_default(&self.dispatch, code)
    }

    /// Runs `count` operations from start to end.
    pub fn run_operations(&self, count: usize) {
        self.run(|| {
            for _ in 0..count {
                let operation = self.observer.chat(MODEL).start();
                operation.marker().usage(Usage::new().input(3).output(5));
                operation.complete();
            }
        });
    }

    pub fn dropped_count(&self, signal: Signal) -> u64 {
        self.dropped_by_reason(signal).values().sum()
    }

    pub fn dropped_by_reason(&self, signal: Signal) -> BTreeMap<DropReason, u64> {
        self.pipeline
            .dropped()
            .into_iter()
            .filter(|((of, _), _)| *of == signal)
            .map(|((_, reason), dropped)| (reason, dropped))
            .collect()
    }
}

/// Waits until a condition is true that other threads fulfil. Panics after ten seconds.
pub fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("timed out: {what}");
}

/// Returns a loopback address on which no server listens.
pub fn unused_address() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
