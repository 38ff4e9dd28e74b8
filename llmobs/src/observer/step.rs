//! A step around model calls, from its start to its end.

#[cfg(feature = "content")]
mod content;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tracing::Instrument;
use tracing::Span;
use tracing::instrument::Instrumented;

#[cfg(feature = "content")]
use self::content::StepContent;
use super::inner::Inner;
use crate::catalog::llmobs_attribute;
use crate::clock::system_time_before_now;
use crate::error::Failure;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::span::OwnedSpan;
use crate::span::set_error;
use crate::span::set_usage;
use crate::usage::Usage;

/// A retrieval, tool call, agent, workflow, database query or attempt of a model call, with a separate span. A step has
/// no metrics; model calls are measured by [`Operation`](crate::Operation).
///
/// The owner ends a step with [`complete`](Self::complete) or [`fail`](Self::fail). A step that is dropped instead ends
/// with the error type `internal` during a panic, and `cancelled` otherwise. A step does nothing if no `tracing`
/// subscriber enables its span.
#[must_use = "a step that is dropped at once is recorded as cancelled"]
pub struct Step {
    span: Option<Box<OwnedSpan>>,
    /// The export of content to the span, if content is captured on spans.
    #[cfg(feature = "content")]
    content: Option<Box<StepContent>>,
}

impl Step {
    pub(super) const fn disabled() -> Self {
        Self {
            span: None,
            #[cfg(feature = "content")]
            content: None,
        }
    }

    #[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
    pub(super) fn new(span: Option<Box<OwnedSpan>>, inner: &Arc<Inner>) -> Self {
        Self {
            #[cfg(feature = "content")]
            content: span.as_ref().and_then(|_| StepContent::of(inner)).map(Box::new),
            span,
        }
    }

    /// Returns the span of this step, for the application's events and child spans. Do not hold an entered guard across
    /// an `.await`; use [`run`](Self::run) instead.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.as_ref().map_or_else(Span::none, |span| span.tracing_span().clone())
    }

    /// Runs code in the span of this step.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(span) => span.tracing_span().in_scope(code),
            None => code(),
        }
    }

    /// Runs a future in the span of this step at every poll.
    pub fn run<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.span())
    }

    /// Sets the tokens of all model calls within this step, if the step reports them itself, as a remote agent does.
    /// Call it once.
    pub fn usage(&self, usage: Usage) {
        if let Some(span) = self.recording_span() {
            set_usage(span, &usage);
        }
    }

    /// Sets the result of a cache lookup. Call it once.
    pub fn cache_result(&self, result: CacheResult) {
        if let Some(span) = self.recording_span() {
            span.tracing_span().record(llmobs_attribute::CACHE_RESULT, result.as_str());
        }
    }

    /// Ends the step as successful.
    pub fn complete(mut self) {
        self.end(None);
    }

    /// Ends the step with the error type of `failure`.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        self.end(Some(failure.into().error_type()));
    }

    #[cfg(feature = "macros")]
    pub(crate) fn owned_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref()
    }

    fn recording_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref().filter(|span| span.is_recording())
    }

    fn end(&mut self, error: Option<ErrorType>) {
        let Some(span) = self.span.take() else { return };
        if let Some(error) = error.filter(|_| span.is_recording()) {
            set_error(&span, error);
        }
        span.end_at(system_time_before_now(0));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        let panicked = std::thread::panicking();
        self.end(Some(if panicked { ErrorType::Internal } else { ErrorType::Cancelled }));
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("enabled", &self.span.is_some()).finish()
    }
}
