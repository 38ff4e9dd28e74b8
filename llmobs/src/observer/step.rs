//! A step around model calls that somebody owns, from its start to its end.

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
use crate::clock::ago;
use crate::error::Failure;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::span::OwnedSpan;
use crate::span::set_error;
use crate::span::set_usage;
use crate::usage::Usage;

/// A retrieval, a tool call, an agent, a workflow, a query of a database or a try of a model call, as a span of its own.
/// It has no metrics: those of model calls are [`Operation`](crate::Operation)'s.
///
/// Its owner ends it: [`complete`](Self::complete), [`fail`](Self::fail), or a drop, which is `internal` while
/// panicking and `cancelled` else. Where nobody listens to `tracing`, it is nothing.
#[must_use = "a step that is dropped at once counts as cancelled"]
pub struct Step {
    span: Option<Box<OwnedSpan>>,
    /// The way out for its content, where spans have any.
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

    #[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "it is the way out for content"))]
    pub(super) fn new(held: Option<Box<OwnedSpan>>, core: &Arc<Inner>) -> Self {
        Self {
            #[cfg(feature = "content")]
            content: held.as_ref().and_then(|_| StepContent::of(core)).map(Box::new),
            span: held,
        }
    }

    /// Its span, for events and child spans of your own. Do not hold an entered guard across an `.await`:
    /// [`run`](Self::run) is for that.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.as_ref().map_or_else(Span::none, |held| held.span().clone())
    }

    /// Runs code under its span.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        match &self.span {
            Some(held) => held.span().in_scope(code),
            None => code(),
        }
    }

    /// Runs a future under its span, wherever it is polled.
    pub fn run<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.span())
    }

    /// The tokens of all model calls within, where the step reports them itself, as a remote agent does. Call it once.
    pub fn usage(&self, usage: Usage) {
        if let Some(held) = self.recording() {
            set_usage(held, &usage);
        }
    }

    /// What the cache said. Call it once.
    pub fn cache_result(&self, result: CacheResult) {
        if let Some(held) = self.recording() {
            held.span().record(llmobs_attribute::CACHE_RESULT, result.as_str());
        }
    }

    /// It did what was asked.
    pub fn complete(mut self) {
        self.end(None);
    }

    /// It broke.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        self.end(Some(failure.into().error_type()));
    }

    #[cfg(feature = "macros")]
    pub(crate) fn owned_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref()
    }

    fn recording(&self) -> Option<&OwnedSpan> {
        self.span.as_deref().filter(|held| held.is_recording())
    }

    fn end(&mut self, error: Option<ErrorType>) {
        let Some(held) = self.span.take() else { return };
        if let Some(error) = error.filter(|_| held.is_recording()) {
            set_error(&held, error);
        }
        held.end(ago(0));
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
