//! One call of a model, from start to end.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::PoisonError;

use futures_core::Stream;
use opentelemetry::trace::TraceContextExt;
use tracing::Instrument;
use tracing::Span;
use tracing::instrument::Instrumented;

use super::chunk::Chunk;
use super::chunk::StreamItem;
use super::end;
use super::end::Ending;
use super::marker::Marker;
use super::operation_state::OperationState;
use super::step::Step;
use super::stream::Described;
#[cfg(feature = "macros")]
use super::stream::ItemReader;
use super::stream::ObservedStream;
use super::stream::SelfDescribing;
use crate::error::Failure;
use crate::semconv::value::AttemptKind;
use crate::span;
use crate::span::OwnedSpan;

/// One call of a model. Its owner ends it: [`complete`](Self::complete), [`fail`](Self::fail),
/// [`cancel`](Self::cancel), [`reject`](Self::reject), or a drop, which decides by what is known: a marked failure or a
/// panic is `failed`, a finish reason is `completed`, a passed deadline `failed`/`timeout`, a shutdown
/// `failed`/`shutdown`, and everything else `cancelled`.
///
/// Where a `tracing` subscriber listens, it owns a span named after the operation and the model, which starts and ends
/// with it. Code that runs through [`run`](Self::run), [`in_scope`](Self::in_scope) or [`span`](Self::span) is under
/// it.
#[must_use = "an operation that is dropped at once counts as cancelled"]
pub struct Operation {
    marker: Marker,
    /// Its place in the table, until it ends or a stream takes it.
    place: Option<usize>,
    /// Here and not beside the marks, so that a marker which lives on does not keep the span from its export.
    span: Option<Box<OwnedSpan>>,
}

/// An operation that somebody watches, its place in the table and its span.
#[derive(Debug)]
pub(super) struct RunningOperation {
    pub(super) live: Arc<OperationState>,
    pub(super) place: usize,
    pub(super) span: Option<Box<OwnedSpan>>,
}

impl Operation {
    pub(super) const fn disabled() -> Self {
        Self { marker: Marker::new(None), place: None, span: None }
    }

    pub(super) const fn new(live: Arc<OperationState>, place: usize, span: Option<Box<OwnedSpan>>) -> Self {
        Self { marker: Marker::new(Some(live)), place: Some(place), span }
    }

    /// Marks what happens to it: `operation.marker().enqueued()`. A clone is a handle for other threads, also after a stream
    /// took the operation.
    #[must_use]
    pub const fn marker(&self) -> &Marker {
        &self.marker
    }

    /// Whether anything is observed: no for an operation of [`Observer::disabled`](crate::Observer::disabled).
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.place.is_some()
    }

    /// Its span, for events and child spans of your own; one that does nothing where nobody listens. Do not hold an
    /// entered guard across an `.await`: [`run`](Self::run) is for that.
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

    /// Runs a future under its span, wherever it is polled. The future may outlive the operation.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// # let observer = llmobs::Observer::disabled();
    /// let operation = observer.chat("m").start();
    /// let answer = operation.run(async { "42" }).await;
    /// operation.complete();
    /// # assert_eq!(answer, "42");
    /// # });
    /// ```
    pub fn run<F: Future>(&self, future: F) -> Instrumented<F> {
        future.instrument(self.span())
    }

    #[cfg(feature = "macros")]
    pub(crate) fn owned_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref()
    }

    /// A try begins: a retry, a fallback, a hedge. It is counted and has a span under that of the operation, which
    /// follows that of the try before. The first try is counted by `start`, in the gateway and client roles; give
    /// [`AttemptKind::First`] to have a span of it.
    pub fn start_attempt(&self, kind: AttemptKind) -> Step {
        let Some(live) = self.marker.live() else { return Step::disabled() };
        if kind != AttemptKind::First {
            live.record_attempt(kind);
        }
        let attempt =
            span::StepSpan { name: ("attempt", None), attempt_kind: Some(kind.as_str()), ..span::StepSpan::default() };
        let Some(held) = self.span.as_ref().and_then(|held| held.span().in_scope(|| attempt.open())) else {
            return Step::disabled();
        };
        if let Some(context) = held.context() {
            let mut last = live.notes().last_attempt_span.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(before) = last.replace(context.span().span_context().clone()) {
                held.follows(before);
            }
        }
        Step::new(Some(held), &live.core)
    }

    /// It gave what was asked. If something was marked as failing before, it is `failed` all the same.
    pub fn complete(mut self) {
        self.end(|live| live.error().map_or(Ending::Completed, Ending::Failed));
    }

    /// It broke. If something was marked as failing before, that is why.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        let failure = failure.into();
        let error = failure.error_type();
        if let (Some(live), Some(exception)) = (self.marker.live(), failure.exception()) {
            let _ = live.notes().exception.set(exception);
        }
        #[cfg(feature = "content")]
        if let Some(live) = self.marker.live() {
            live.capture_error_message(failure.text());
        }
        self.end(|live| Ending::Failed(live.error().unwrap_or(error)));
    }

    /// The caller left. If something was marked as failing before, it is `failed` all the same.
    pub fn cancel(mut self) {
        self.end(|live| live.error().map_or(Ending::Cancelled, Ending::Failed));
    }

    /// It was never admitted: shed, rate-limited, invalid.
    pub fn reject(mut self, failure: impl Into<Failure>) {
        let error = failure.into().error_type();
        self.end(|_| Ending::Rejected(error));
    }

    /// Wraps the stream that carries the answer. The operation ends when the stream ends or is dropped; items and
    /// `size_hint` pass untouched.
    pub fn observe<S>(self, stream: S) -> ObservedStream<S, SelfDescribing>
    where
        S: Stream,
        S::Item: StreamItem,
    {
        ObservedStream::new(stream, self.into_running(), SelfDescribing)
    }

    /// Wraps the stream that carries the answer; the closure says what an item carries. It may mark usage or a finish
    /// reason through a [`Marker`].
    pub fn observe_with<S, F, T>(self, stream: S, carries: F) -> ObservedStream<S, Described<F>>
    where
        S: Stream,
        F: FnMut(&S::Item) -> T,
        T: Into<Chunk>,
    {
        ObservedStream::new(stream, self.into_running(), Described(carries))
    }

    /// Wraps the stream that carries the answer, with who says what an item carries and which text it adds.
    #[cfg(feature = "macros")]
    pub(crate) fn observe_by<S, C>(self, stream: S, carry: C) -> ObservedStream<S, C>
    where
        S: Stream,
        C: ItemReader<S::Item>,
    {
        ObservedStream::new(stream, self.into_running(), carry)
    }

    fn into_running(mut self) -> Option<RunningOperation> {
        self.take()
    }

    fn take(&mut self) -> Option<RunningOperation> {
        let place = self.place.take()?;
        Some(RunningOperation { live: self.marker.take()?, place, span: self.span.take() })
    }

    fn end(&mut self, ending: impl FnOnce(&OperationState) -> Ending) {
        if let Some(running) = self.take() {
            let now = running.live.now();
            let ending = ending(&running.live);
            end::finish(running, ending, now, now, None);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        self.end(|live| end::decide(live, std::thread::panicking(), false, live.now()));
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("enabled", &self.place.is_some()).finish()
    }
}
