//! The subscriber of the hosts that have the version of OpenTelemetry of llmobs: spans to their own exporter, events to
//! their log.

use bridge_0_34 as tracing_opentelemetry;
use llmobs_hosts_tests::span_exporter;
use llmobs_hosts_tests::spans::Spans;
use llmobs_tests::callsites::ask_every_subscriber;
use llmobs_tests::text_buffer::TextBuffer;
use otel_0_33 as opentelemetry;
use sdk_0_33 as opentelemetry_sdk;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use self::opentelemetry::trace::TracerProvider;
use self::opentelemetry_sdk::trace::SdkTracerProvider;

span_exporter!(opentelemetry, opentelemetry_sdk);

/// The telemetry of a host, until it is dropped.
pub(crate) struct Telemetry {
    pub(crate) spans: Spans,
    pub(crate) log: TextBuffer,
    _subscriber: DefaultGuard,
}

/// Subscribes to the spans and events of this thread.
pub(crate) fn subscribe() -> Telemetry {
    ask_every_subscriber();
    let (spans, log) = (Spans::default(), TextBuffer::default());
    let provider = SdkTracerProvider::builder().with_simple_exporter(Exporter(spans.clone())).build();
    let writer = log.clone();
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("host")))
        .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || writer.clone()));
    Telemetry { spans, log, _subscriber: tracing::subscriber::set_default(subscriber) }
}
