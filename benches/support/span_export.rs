//! Spans that are passed to OpenTelemetry and dropped there.

use std::time::Duration;

use llmobs_benches::measure_time;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::Span as SdkSpan;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanProcessor;
use tracing::Span;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;

/// Returns the duration of some work whose spans are passed to a provider.
pub fn time_with_spans(provider: &SdkTracerProvider, work: impl FnOnce()) -> Duration {
    with_otel_layer(provider, || measure_time(work))
}

/// Passes the spans of some work to a provider.
pub fn with_otel_layer<T>(provider: &SdkTracerProvider, work: impl FnOnce() -> T) -> T {
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("bench"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    with_default(tracing_subscriber::registry().with(layer), || {
        // The first span of the registry allocates memory for many spans.
        drop(Span::current());
        drop(tracing::info_span!("first").entered());
        work()
    })
}

/// A span processor that drops every span, so that the export is not measured.
#[derive(Debug)]
pub struct DiscardingProcessor;

impl SpanProcessor for DiscardingProcessor {
    fn on_start(&self, _: &mut SdkSpan, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        std::hint::black_box(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
