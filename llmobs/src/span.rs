//! Spans, created with `tracing`, so that they are part of the application's traces. A layer such as
//! `tracing-opentelemetry` exports them. OpenTelemetry's data of a span is accessed through the context that the layer
//! activates, with the API crate only. A layer of another version of OpenTelemetry activates no context of this one: what
//! `tracing` itself can express then remains.

#[cfg(feature = "cost")]
mod cost;
mod inference;
mod owned;
mod request;
mod served_request;
mod settings;
mod stages;
mod step;

#[cfg(feature = "cost")]
pub(crate) use self::cost::set_cost_attributes;
pub(crate) use self::inference::InferenceEnd;
pub(crate) use self::inference::InferenceStart;
pub(crate) use self::owned::OwnedSpan;
#[cfg(feature = "tower")]
pub(crate) use self::owned::is_in_unsampled_trace;
pub(crate) use self::request::RequestParams;
pub(crate) use self::served_request::ServedRequest;
pub(crate) use self::settings::SpanSettings;
#[cfg(feature = "otlp")]
pub(crate) use self::settings::prevent_layer_warning;
pub(crate) use self::stages::StageSpan;
pub(crate) use self::stages::StageSpans;
pub(crate) use self::step::StepSpan;
pub(crate) use self::step::StepSpanKind;
pub(crate) use self::step::TopK;
pub(crate) use self::step::set_error;
pub(crate) use self::step::set_usage;

/// The `tracing` target of all spans and events without content.
pub(crate) const TARGET: &str = "llmobs";

/// The `tracing` target of events with content, so that subscribers can filter them out.
pub(crate) const CONTENT_TARGET: &str = "llmobs::content";
