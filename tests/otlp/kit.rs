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

use crate::support::collector::Collector;

pub const MODEL: &str = "smollm2-135m-instruct";
pub const BOTH: [Protocol; 2] = [Protocol::HttpProtobuf, Protocol::Grpc];
pub const MOMENT: Duration = Duration::from_secs(10);

/// An observer whose telemetry is sent to one pipeline.
pub struct Service {
    pub pipeline: Pipeline,
    pub observer: Observer,
    dispatch: Dispatch,
}

/// Returns settings that ignore the environment and export without delay.
pub fn to(endpoint: impl Into<String>, protocol: Protocol) -> PipelineBuilder {
    llmobs::otlp::builder()
        .environment([("", ""); 0])
        .endpoint(endpoint)
        .protocol(protocol)
        .service_name("assistant")
        .batch_delay(Duration::from_millis(20))
        .metrics_interval(Duration::from_secs(3_600))
        .timeout(Duration::from_secs(2))
}

impl Service {
    pub fn new(settings: PipelineBuilder) -> Self {
        Self::with(settings, |observer| observer)
    }

    pub fn with(settings: PipelineBuilder, more: impl FnOnce(ObserverBuilder<'_>) -> ObserverBuilder<'_>) -> Self {
        Self::filtered(settings, Targets::new().with_default(LevelFilter::INFO), more)
    }

    pub fn filtered(
        settings: PipelineBuilder,
        filter: Targets,
        more: impl FnOnce(ObserverBuilder<'_>) -> ObserverBuilder<'_>,
    ) -> Self {
        let pipeline = settings.build().unwrap();
        let registry = tracing_subscriber::registry().with(pipeline.layer()).with(filter);
        let builder = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider());
        let observer = more(builder).build().unwrap();
        pipeline.report_to(&observer);
        Self { pipeline, observer, dispatch: Dispatch::new(registry) }
    }

    pub fn to(collector: &Collector, protocol: Protocol) -> Self {
        Self::new(to(collector.endpoint(), protocol))
    }

    /// Runs code whose spans and events are sent to the pipeline.
    pub fn run<T>(&self, code: impl FnOnce() -> T) -> T {
        tracing::dispatcher::with_default(&self.dispatch, code)
    }

    /// Runs `count` operations from start to end.
    pub fn operations(&self, count: usize) {
        self.run(|| {
            for _ in 0..count {
                let operation = self.observer.chat(MODEL).start();
                operation.marker().usage(Usage::new().input(3).output(5));
                operation.complete();
            }
        });
    }

    pub fn lost(&self, signal: Signal) -> u64 {
        self.losses(signal).values().sum()
    }

    pub fn losses(&self, signal: Signal) -> BTreeMap<DropReason, u64> {
        self.pipeline
            .losses()
            .into_iter()
            .filter(|((of, _), _)| *of == signal)
            .map(|((_, why), lost)| (why, lost))
            .collect()
    }
}

/// Waits until a condition is true that other threads fulfil. Panics after ten seconds.
pub fn eventually(what: &str, met: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if met() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it never came true that {what}");
}

/// Returns a loopback address on which no server listens.
pub fn nowhere() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
