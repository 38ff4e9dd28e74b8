//! One model call, an [`Operation`], from its start to its end, as its owner holds it.
//! [`Start::start`](crate::operation::Start::start) returns it.

use std::fmt;
use std::future::Future;

use futures_core::Stream;
use tracing::Span;

use super::attempt::Attempt;
use super::chunk::Chunk;
use super::chunk::StreamItem;
use super::content::capture_error_message;
use super::engine::dropped::end_dropped;
use super::engine::end;
use super::marker::Marker;
use super::operation_scope::OperationFuture;
use super::operation_scope::OperationScope;
use super::operation_scope::current_operation;
use super::operation_scope::enter;
use super::producer_guard::ProducerGuard;
use super::state::ending::Ending;
use super::state::operation_state::OperationState;
use super::state::running_operation::RunningOperation;
use super::step::Step;
use super::stream::Described;
#[cfg(feature = "macros")]
use super::stream::ItemReader;
use super::stream::ObservedStream;
use super::stream::SelfDescribing;
use crate::error::Failure;
use crate::event::Evaluation;
use crate::semconv::value::AttemptKind;
use crate::span::OwnedSpan;

/// One model call. The owner ends it with [`complete`](Self::complete), [`fail`](Self::fail), [`cancel`](Self::cancel)
/// or [`reject`](Self::reject). If the operation is dropped instead, the first rule that applies determines the
/// outcome: a marked error or a panic is `failed`, a finish reason is `completed`, a passed deadline is
/// `failed`/`timeout`, a shutdown is `failed`/`shutdown`, and any other drop is `cancelled`.
///
/// In a handler behind the server layer of llmobs (feature `tower`), an operation whose drop would be `cancelled` ends
/// when the handler returns, at the moment of its drop: if the status of the answer is an error, with the outcome that
/// [`end_with_error`](Self::end_with_error) gives it, else as `cancelled`. Until then, it counts as in flight. If the
/// handler's future is dropped because the caller left, the operation is `cancelled`.
///
/// If a `tracing` subscriber enables it, and unless the observer was built [without
/// spans](crate::ObserverBuilder::without_spans), the operation owns a span that is named after the operation and the
/// model, and that starts and ends with the operation. Spans and events of code that runs through [`run`](Self::run),
/// [`in_scope`](Self::in_scope) or [`span`](Self::span) belong to that span.
#[must_use = "an operation that is dropped at once is recorded as cancelled"]
pub struct Operation {
    marker: Marker,
    /// The index in the in-flight registry, until the operation ends or a stream takes it.
    slot: Option<usize>,
    /// Held here and not in the shared state, so that a marker that outlives the operation does not delay the export of
    /// the span.
    span: Option<Box<OwnedSpan>>,
}

impl Operation {
    /// Returns an operation that records nothing.
    pub(super) const fn disabled() -> Self {
        Self { marker: Marker::new(None), slot: None, span: None }
    }

    /// Returns a started operation to its owner.
    pub(super) fn new(running: RunningOperation) -> Self {
        let RunningOperation { state, slot, span } = running;
        Self { marker: Marker::new(Some(state)), slot: Some(slot), span }
    }

    /// Returns a marker of the operation whose code runs on this thread: inside [`in_scope`](Self::in_scope), a future
    /// of [`run`](Self::run), the body of a function with `#[llm_span]`, or a stream that is polled
    /// [in its span](crate::stream::ObservedStream::in_span). Of nested operations, the innermost one counts. Elsewhere
    /// the marker is disabled: also in a spawned task or thread, which needs a clone of the marker. It does not depend
    /// on a `tracing` subscriber.
    ///
    /// A loop of retries in another function reaches the operation so:
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::Operation;
    /// use llmobs::semconv::value::AttemptKind;
    ///
    /// fn ask_a_replica() -> &'static str {
    ///     Operation::current().record_attempt(AttemptKind::Retry);
    ///     "42"
    /// }
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// let operation = observer.chat("m").start();
    /// assert_eq!(operation.in_scope(ask_a_replica), "42");
    /// operation.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    #[must_use]
    pub fn current() -> Marker {
        Marker::new(current_operation())
    }

    /// Returns the marker, the handle that records what happens to this operation: `operation.marker().enqueued()`.
    /// Clone it for other threads.
    #[must_use]
    pub const fn marker(&self) -> &Marker {
        &self.marker
    }

    /// Returns a guard that holds a producer's end of a channel and fails the operation if the producer vanishes: if it
    /// is aborted, returns early, or is dropped before it has run. Move the guard into the task or thread that
    /// generates the answer, and send through it.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// use llmobs::{Chunk, FinishReason, Observer};
    /// use tokio::sync::mpsc;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let observer = Observer::builder().model("m").build()?;
    /// let operation = observer.chat("m").start();
    /// let (sender, mut receiver) = mpsc::channel(16);
    /// let answer = operation.producer(sender);
    /// tokio::spawn(async move {
    ///     for token in ["Hello", " world"] {
    ///         if answer.send(token).await.is_err() {
    ///             return; // the caller left, and the operation has ended
    ///         }
    ///     }
    ///     answer.marker().finish_reason(FinishReason::Stop);
    /// });
    /// let tokens = stream::poll_fn(move |context| receiver.poll_recv(context));
    /// let text: String = operation.observe_with(tokens, |_token| Chunk::tokens(1)).collect().await;
    /// assert_eq!(text, "Hello world");
    /// # Ok::<(), llmobs::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn producer<T>(&self, channel: T) -> ProducerGuard<T> {
        ProducerGuard::new(&self.marker, channel)
    }

    /// Returns whether this operation is recorded: `false` if it was started by
    /// [`Observer::disabled`](crate::Observer::disabled).
    #[must_use]
    pub const fn is_enabled(&self) -> bool {
        self.slot.is_some()
    }

    /// Returns the span of this operation, for the application's events and child spans. The span is disabled if no
    /// `tracing` subscriber enables it, or if the observer was built
    /// [without spans](crate::ObserverBuilder::without_spans). Do not hold an entered guard across an `.await`; use
    /// [`run`](Self::run) instead.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.as_ref().map_or_else(Span::none, |span| span.tracing_span().clone())
    }

    /// Runs code in the span of this operation, and returns its result. In the code, [`current`](Self::current) returns
    /// a marker of this operation.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        let mut state = self.marker.state().cloned();
        let _entered = enter(&mut state);
        match &self.span {
            Some(span) => span.tracing_span().in_scope(code),
            None => code(),
        }
    }

    /// Runs a future in the span of this operation at every poll. In the future, [`current`](Self::current) returns a
    /// marker of this operation. The future may outlive the operation.
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
    pub fn run<F: Future>(&self, future: F) -> OperationFuture<F> {
        self.scope().run(future)
    }

    /// Returns the scope in which code of this operation runs.
    pub(crate) fn scope(&self) -> OperationScope {
        OperationScope::new(self.span.as_deref(), self.marker.state().cloned())
    }

    /// Returns the span of this operation; `None` if no `tracing` subscriber enables it, or if the observer was built
    /// without spans.
    #[cfg(feature = "macros")]
    pub(crate) fn owned_span(&self) -> Option<&OwnedSpan> {
        self.span.as_deref()
    }

    /// Returns the builder of an attempt, a further try of the operation, which sets the provider and the model of a
    /// fallback.
    pub fn attempt(&self, kind: AttemptKind) -> Attempt<'_> {
        Attempt::new(self.marker.state().map(AsRef::as_ref), self.span.as_deref(), kind)
    }

    /// Starts an attempt, a further try of the operation as a retry, a fallback or a hedge: counts it and opens a span
    /// for it under the span of the operation, with a link to the span of the previous attempt. The returned step ends
    /// the span. `start` already counts the first attempt; pass [`AttemptKind::First`] to open a span for it without
    /// counting it again. The metric of attempts is recorded in the gateway and client roles.
    ///
    /// To send the attempt to another provider or model, use [`attempt`](Self::attempt).
    pub fn start_attempt(&self, kind: AttemptKind) -> Step {
        self.attempt(kind).start()
    }

    /// Ends the operation as `completed`, or as `failed` if an error was marked before.
    pub fn complete(mut self) {
        self.end(|state| state.error().map_or(Ending::Completed, Ending::Failed));
    }

    /// Ends the operation as `failed`. An error type that was marked before takes precedence over that of `failure`.
    pub fn fail(mut self, failure: impl Into<Failure>) {
        let failure = failure.into();
        let error = failure.error_type();
        if let (Some(state), Some(exception)) = (self.marker.state(), failure.exception_type()) {
            let _ = state.notes.get_or_init().exception_type.set(exception);
        }
        if let Some(state) = self.marker.state() {
            capture_error_message(&failure, || state.content_slot());
        }
        self.end(|state| Ending::Failed(state.error().unwrap_or(error)));
    }

    /// Ends the operation as `cancelled`, since the caller left, or as `failed` if an error was marked before.
    pub fn cancel(mut self) {
        self.end(|state| state.error().map_or(Ending::Cancelled, Ending::Failed));
    }

    /// Ends the operation as `rejected`: it was never admitted, for example because of load, a rate limit or an invalid
    /// request. An error that was marked before is ignored.
    pub fn reject(mut self, failure: impl Into<Failure>) {
        let error = failure.into().error_type();
        self.end(|_| Ending::Rejected(error));
    }

    /// Ends the operation after an error, with the outcome that the error type implies, through the function of that
    /// outcome: [`cancel`](Self::cancel) for [`Cancelled`](crate::ErrorType::Cancelled); [`reject`](Self::reject) for a
    /// [refusal](crate::ErrorType::is_refusal), such as a rate limit, if no token was generated; otherwise
    /// [`fail`](Self::fail). [`Chunk::error`] and `#[llm_span]` use the same rule. The error may be an
    /// [`ErrorType`](crate::ErrorType), a [`Failure`], an error that [converts](Failure#error-types-of-the-application)
    /// into one, or, with the feature `tower`, an `http::StatusCode` of an error.
    ///
    /// ```
    /// use llmobs::{ErrorType, Observer};
    ///
    /// let observer = Observer::builder().model("m").build()?;
    /// observer.chat("m").start().end_with_error(ErrorType::RateLimited); // rejected
    /// observer.chat("m").start().end_with_error(ErrorType::OutOfMemory); // failed
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn end_with_error(self, error: impl Into<Failure>) {
        let failure = error.into();
        match self.marker.state().map(|state| end::ending_of_error(state, failure.error_type())) {
            Some(Ending::Cancelled) => self.cancel(),
            Some(Ending::Rejected(_)) => self.reject(failure),
            _ => self.fail(failure),
        }
    }

    /// Records a user's evaluation of the answer: an [`Evaluation`], or a score of the evaluation `feedback`. Emits a
    /// log event `gen_ai.evaluation.result` in the operation's trace. The evaluation is counted if its name and label
    /// were declared with [`ObserverBuilder::evaluation`](crate::ObserverBuilder::evaluation).
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        self.marker().feedback(evaluation);
    }

    /// Wraps the stream that carries the answer and records its items, which describe their own tokens. The operation
    /// ends when the stream ends, yields an error or is dropped. Items and `size_hint` are passed on unchanged. In the
    /// gateway and client roles, an answer needs a finish reason, from an item or a marker; see
    /// [`ObservedStream::without_finish_reason`].
    pub fn observe<S>(self, stream: S) -> ObservedStream<S, SelfDescribing>
    where
        S: Stream,
        S::Item: StreamItem,
    {
        ObservedStream::new(stream, self.into_running(), SelfDescribing)
    }

    /// Wraps the stream that carries the answer, as [`observe`](Self::observe) does; the closure returns the chunk, the
    /// tokens, finish reason and error, that an item carries. The closure may also record usage or a finish reason
    /// through a [`Marker`].
    pub fn observe_with<S, F, T>(self, stream: S, to_chunk: F) -> ObservedStream<S, Described<F>>
    where
        S: Stream,
        F: FnMut(&S::Item) -> T,
        T: Into<Chunk>,
    {
        ObservedStream::new(stream, self.into_running(), Described(to_chunk))
    }

    /// Wraps the stream that carries the answer, as `observe` does, with an item reader that returns the chunk and the
    /// text of an item.
    #[cfg(feature = "macros")]
    pub(crate) fn observe_with_reader<S, C>(self, stream: S, reader: C) -> ObservedStream<S, C>
    where
        S: Stream,
        C: ItemReader<S::Item>,
    {
        ObservedStream::new(stream, self.into_running(), reader)
    }

    fn into_running(mut self) -> Option<RunningOperation> {
        self.take()
    }

    fn take(&mut self) -> Option<RunningOperation> {
        let slot = self.slot.take()?;
        Some(RunningOperation { state: self.marker.take()?, slot, span: self.span.take() })
    }

    fn end(&mut self, ending: impl FnOnce(&OperationState) -> Ending) {
        if let Some(running) = self.take() {
            let now = running.state.now();
            let ending = ending(&running.state);
            end::finish(running, ending, now, now, None);
        }
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(running) = self.take() {
            let now = running.state.now();
            let ending = end::ending_of_drop(&running.state, std::thread::panicking(), false, now);
            end_dropped(running, ending, now, None);
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("enabled", &self.slot.is_some()).finish()
    }
}
