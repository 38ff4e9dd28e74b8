//! Spans. They are made with `tracing`, so that they join what the application has; a layer such as
//! `tracing-opentelemetry` carries them on. What OpenTelemetry keeps of a span is reached through the context that
//! such a layer activates, with the API crate alone.

mod held;
mod inference;
mod parts;
mod request;
mod step;

pub(crate) use self::held::Held;
#[cfg(feature = "tower")]
pub(crate) use self::held::is_in_unsampled_trace;
pub(crate) use self::inference::Answer;
pub(crate) use self::inference::Call;
pub(crate) use self::parts::Part;
pub(crate) use self::parts::Parts;
pub(crate) use self::request::Request;
pub(crate) use self::step::Kind;
pub(crate) use self::step::Step;
pub(crate) use self::step::TopK;
pub(crate) use self::step::tell_error;
pub(crate) use self::step::tell_usage;

/// The target of everything that llmobs gives to `tracing`.
pub(crate) const TARGET: &str = "llmobs";

/// The target of events with content, so that who prints events can leave those out.
pub(crate) const CONTENT_TARGET: &str = "llmobs::content";
