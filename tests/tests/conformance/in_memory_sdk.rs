//! Three providers of the OpenTelemetry SDK, and their exports as OTLP messages.

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::logs::InMemoryLogExporter;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::ShouldSample;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;

use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::Violation;
use llmobs_tests::conventions::ViolationKind;

/// Stores everything that this thread exports until this value is dropped.
pub struct InMemorySdk {
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    loggers: SdkLoggerProvider,
    spans: InMemorySpanExporter,
    metrics: InMemoryMetricExporter,
    logs: InMemoryLogExporter,
    _subscriber: DefaultGuard,
}

impl InMemorySdk {
    pub fn new() -> Self {
        Self::with_sampler(Sampler::AlwaysOn)
    }

    pub fn with_sampler(sampler: impl ShouldSample + 'static) -> Self {
        let spans = InMemorySpanExporter::default();
        let tracers = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).with_sampler(sampler).build();
        let metrics = InMemoryMetricExporter::default();
        // The reader exports once a minute by itself; the tests call `force_flush`.
        let reader = PeriodicReader::builder(metrics.clone()).build();
        let meters = SdkMeterProvider::builder().with_reader(reader).build();
        let logs = InMemoryLogExporter::default();
        let loggers = SdkLoggerProvider::builder().with_simple_exporter(logs.clone()).build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(tracers.tracer("test"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false);
        let subscriber = tracing_subscriber::registry().with(layer).with(OpenTelemetryTracingBridge::new(&loggers));
        let _subscriber = tracing::subscriber::set_default(subscriber);
        Self { tracers, meters, loggers, spans, metrics, logs, _subscriber }
    }

    /// Also stores the log events of threads without a subscriber. Sets the global subscriber, so once per process.
    pub fn capture_all_threads(&self) {
        let is_llmobs_event = filter_fn(|metadata| metadata.is_event() && metadata.target() == "llmobs");
        let layer = OpenTelemetryTracingBridge::new(&self.loggers).with_filter(is_llmobs_event);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    }

    /// Returns an observer whose telemetry is stored here, at the full level.
    pub fn build_observer<'a>(&'a self, builder: ObserverBuilder<'a>, profile: Profile) -> Observer {
        self.build_observer_at(Level::Full, builder, profile)
    }

    pub fn build_observer_at<'a>(&'a self, level: Level, builder: ObserverBuilder<'a>, profile: Profile) -> Observer {
        let builder = builder.profile(profile).level(level).operation_details(true);
        builder.tracer_provider(&self.tracers).meter_provider(&self.meters).build().unwrap()
    }

    pub fn spans(&self) -> Vec<Span> {
        self.spans.get_finished_spans().unwrap().into_iter().map(Span::from).collect()
    }

    /// Exports and returns the metrics.
    pub fn metrics(&self) -> Vec<Metric> {
        self.metrics.reset();
        self.meters.force_flush().unwrap();
        let batches = self.metrics.get_finished_metrics().unwrap();
        let request = ExportMetricsServiceRequest::from(batches.last().expect("a flush exports"));
        let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics).collect()
    }

    pub fn logs(&self) -> Vec<LogRecord> {
        let logs = self.logs.get_emitted_logs().unwrap();
        logs.iter().map(|log| LogRecord::from(&log.record)).collect()
    }

    /// Returns every violation in everything that was exported.
    pub fn violations(&self, conventions: Conventions) -> Vec<Violation> {
        let spans = self.spans();
        let mut found: Vec<_> = spans.iter().flat_map(|span| conventions.check_span(span)).collect();
        found.extend(self.metrics().iter().flat_map(|metric| conventions.check_metric(metric)));
        found.extend(self.logs().iter().flat_map(|record| conventions.check_log(record)));
        found
    }

    /// Returns every violation except ends before starts: a manual clock runs ahead of the system clock that dates the
    /// start of a span.
    pub fn violations_ignoring_times(&self, conventions: Conventions) -> Vec<Violation> {
        let mut found = self.violations(conventions);
        found.retain(|violation| !matches!(violation.kind, ViolationKind::Mismatch("end", ..)));
        found
    }
}
