//! The layers and the filter of the `tracing` subscriber.

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Identity;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

use super::InitError;
use super::assemble::SdkProviders;
use super::log_bridge::BridgeLoggerProvider;
use crate::span::CONTENT_TARGET;

/// The format of the events on standard output. Events that contain captured prompts and answers are never written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum StandardOutput {
    /// Each event as one line of JSON. The default.
    #[default]
    Json,
    /// Each event as one line of readable text.
    Text,
    /// No output.
    Off,
}

/// Returns the layer that passes spans and events to the pipeline.
pub(super) fn layer<S>(providers: &SdkProviders) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    match (providers.exported_signals.traces, providers.exported_signals.logs) {
        (true, true) => Box::new(span_layer(providers).and_then(event_layer(providers))),
        (true, false) => Box::new(span_layer(providers)),
        (false, true) => Box::new(event_layer(providers)),
        // An `Option` that is `None` would disable the other layers; `Identity` does not.
        (false, false) => Box::new(Identity::new()),
    }
}

fn span_layer<S>(providers: &SdkProviders) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(providers.tracer_provider.tracer("llmobs"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // Error texts may quote a prompt, and exceptions are recorded as log records.
        .with_error_fields_to_exceptions(false)
        .with_error_events_to_exceptions(false)
        .with_error_records_to_exceptions(false)
        .with_error_events_to_status(false)
        // Events are exported as log records; as span events they would be exported twice.
        .with_filter(filter_fn(|metadata| metadata.is_span() && !is_export_target(metadata.target())))
}

fn event_layer<S>(providers: &SdkProviders) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    OpenTelemetryTracingBridge::new(&BridgeLoggerProvider(providers.logger_provider.clone()))
        .with_filter(filter_fn(|metadata| metadata.is_event() && !is_export_target(metadata.target())))
}

/// Returns whether a target belongs to a crate that performs the export, for example `h2::client` or
/// `opentelemetry_sdk`. The SDK already suppresses telemetry on the export thread; this filter also covers spans
/// without a parent, which the suppression does not reach.
fn is_export_target(target: &str) -> bool {
    const CRATES: [&str; 9] =
        ["h2", "hyper", "hyper_rustls", "hyper_util", "opentelemetry", "reqwest", "rustls", "tonic", "tower"];
    let name = target.split("::").next().unwrap_or_default();
    // The internal logs of these crates have the name of the package as target, with hyphens.
    CRATES.contains(&name) || name.starts_with("opentelemetry_") || name.starts_with("opentelemetry-")
}

/// Returns the filter for these directives. If the directives are invalid, returns the default filter `info` and a
/// warning.
pub(super) fn env_filter(directives: Option<&str>) -> (EnvFilter, Option<String>) {
    let default = || EnvFilter::new("info");
    match directives.map(EnvFilter::try_new) {
        None => (default(), None),
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (default(), Some(format!("RUST_LOG or `filter`: {error}; `info` is used instead"))),
    }
}

/// Installs the subscriber of the process.
pub(super) fn install(providers: &SdkProviders, output: StandardOutput, filter: EnvFilter) -> Result<(), InitError> {
    let lines = tracing_subscriber::fmt::layer();
    let lines: Option<Box<dyn Layer<_> + Send + Sync>> = match output {
        StandardOutput::Json => Some(Box::new(lines.json().flatten_event(true))),
        StandardOutput::Text => Some(Box::new(lines)),
        StandardOutput::Off => None,
    };
    // Standard output shows no spans, because spans may contain content that each event would repeat. Only an observer
    // that was built before the pipeline emits content with `tracing`.
    let lines = lines.with_filter(filter_fn(|metadata| metadata.is_event() && metadata.target() != CONTENT_TARGET));
    let registry = Registry::default().with(layer(providers)).with(lines).with(filter);
    tracing::subscriber::set_global_default(registry).map_err(|_| InitError::SubscriberAlreadySet)
}
