//! Spans. They are made with `tracing`, so that they join what the application has; a layer such as
//! `tracing-opentelemetry` carries them on. What OpenTelemetry keeps of a span is reached through the context that
//! such a layer activates, with the API crate alone.

mod inference;
mod owned;
mod request;
mod stages;
mod step;

pub(crate) use self::inference::InferenceEnd;
pub(crate) use self::inference::InferenceStart;
pub(crate) use self::owned::OwnedSpan;
#[cfg(feature = "tower")]
pub(crate) use self::owned::is_in_unsampled_trace;
pub(crate) use self::request::RequestParams;
pub(crate) use self::stages::StageSpan;
pub(crate) use self::stages::StageSpans;
pub(crate) use self::step::StepSpan;
pub(crate) use self::step::StepSpanKind;
pub(crate) use self::step::TopK;
pub(crate) use self::step::set_error;
pub(crate) use self::step::set_usage;

/// The target of everything that llmobs gives to `tracing`.
pub(crate) const TARGET: &str = "llmobs";

/// The target of events with content, so that who prints events can leave those out.
pub(crate) const CONTENT_TARGET: &str = "llmobs::content";
