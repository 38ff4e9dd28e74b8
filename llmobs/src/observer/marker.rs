//! The [`Marker`], the handle of an operation (one model call) for other threads.

use std::fmt;
use std::sync::Arc;

#[cfg(feature = "content")]
use super::content::ContentGate;
#[cfg(feature = "content")]
use super::content::ContentSlot;
use super::engine::evaluation::emit_evaluation;
use super::engine::output_tokens::add_superseded_tokens;
use super::engine::output_tokens::report_choice_usage;
use super::engine::output_tokens::report_usage;
use super::engine::output_tokens::start_attempt;
use super::engine::routing::set_backend;
use super::engine::routing::set_route;
use super::phase::Phase;
use super::state::operation_state::OperationState;
use crate::backend::Backend;
use crate::catalog::RowId;
use crate::clock::Moment;
#[cfg(feature = "content")]
use crate::content;
use crate::engine::EngineOperation;
use crate::engine::NamingEngine;
use crate::engine::SealedEngineOperation;
use crate::event::Evaluation;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::CacheKind;
use crate::semconv::value::CacheResult;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Provider;
use crate::series::cache_lookup_variant;
use crate::usage::Usage;

/// A handle that records what happens to an operation, one model call, from any thread, also after `observe` took the
/// operation. Cheap to clone. The marker of a disabled operation records nothing. A marker that is dropped because its
/// thread panics, before a finish reason was set, marks the operation as failing with `internal`: move one into the task
/// that produces the answer.
///
/// Only the first mark of each state change counts, except [`preempted`](Self::preempted) and a further
/// [`scheduled`](Self::scheduled), of which each counts. A moment earlier than the state change before it is replaced by the
/// moment of that change, and a moment in the future by the current moment; both are counted in `llmobs.self.anomalies`.
/// State changes, finish reasons, errors, the provider, the model and the backend, the id and model of the response, and content are
/// ignored after the end of the operation; usage too, unless it was cancelled.
///
/// ```
/// use llmobs::{Observer, Usage};
///
/// let observer = Observer::builder().model("m").build()?;
/// let operation = observer.chat("m").start();
/// let marker = operation.marker().clone();
/// let engine = std::thread::spawn(move || {
///     marker.scheduled();
///     marker.first_token();
///     marker.usage(Usage::new().input(5).output(7));
/// });
/// engine.join().unwrap();
/// operation.complete();
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Marker {
    state: Option<Arc<OperationState>>,
}

impl Marker {
    /// Returns a marker of an operation; with `None`, the marker is disabled.
    pub(super) const fn new(state: Option<Arc<OperationState>>) -> Self {
        Self { state }
    }

    /// Returns the state of the operation; `None` if the marker is disabled.
    pub(super) const fn state(&self) -> Option<&Arc<OperationState>> {
        self.state.as_ref()
    }

    /// Counts an anomaly, an observation that cannot be true, in `llmobs.self.anomalies`; `name` is its kind.
    #[cfg(feature = "sse")]
    pub(crate) fn count_anomaly(&self, name: &'static str) {
        if let Some(state) = &self.state {
            state.observer.count_anomaly(name);
        }
    }

    /// Takes the state of the operation and disables this marker, so that the owner can end the operation once.
    pub(super) const fn take(&mut self) -> Option<Arc<OperationState>> {
        self.state.take()
    }

    /// Marks the operation as waiting in the engine's queue from now on. A second call, and a call after
    /// [`scheduled`](Self::scheduled), changes nothing and is counted in `llmobs.self.anomalies`.
    pub fn enqueued(&self) {
        self.with_state(|state| state.mark_enqueued(state.now()));
    }

    /// Marks the operation as waiting in the engine's queue from this moment on, as [`enqueued`](Self::enqueued) does.
    pub fn enqueued_at(&self, moment: impl Into<Moment>) {
        self.with_state(|state| state.mark_enqueued(state.clamp_to_now(moment.into())));
    }

    /// Marks the operation as scheduled by the engine now. A further call marks it as scheduled again after a preemption,
    /// and counts the preemption unless [`preempted`](Self::preempted) has.
    pub fn scheduled(&self) {
        self.with_state(|state| state.mark_scheduled(state.now()));
    }

    /// Marks the operation as scheduled by the engine at this moment. A further call is that of [`scheduled`](Self::scheduled).
    pub fn scheduled_at(&self, moment: impl Into<Moment>) {
        self.with_state(|state| state.mark_scheduled(state.clamp_to_now(moment.into())));
    }

    /// Marks the operation as taken out of the engine's batch now, and counts the preemption. The operation is in the state
    /// [`Queued`](crate::semconv::value::State::Queued) until [`scheduled`](Self::scheduled) is called again. For an
    /// operation with several sequences, call it when none of them is left in the batch. Ignored, and counted in
    /// `llmobs.self.anomalies`, before the operation was scheduled and while it is out of the batch.
    pub fn preempted(&self) {
        self.with_state(|state| state.mark_preempted(state.now()));
    }

    /// Marks the operation as taken out of the engine's batch at this moment, as [`preempted`](Self::preempted) does.
    pub fn preempted_at(&self, moment: impl Into<Moment>) {
        self.with_state(|state| state.mark_preempted(state.clamp_to_now(moment.into())));
    }

    /// Marks the operation's first token as generated now.
    pub fn first_token(&self) {
        self.with_state(|state| state.mark_first_token(state.now()));
    }

    /// Marks the operation's first token as generated at this moment.
    pub fn first_token_at(&self, moment: impl Into<Moment>) {
        self.with_state(|state| state.mark_first_token(state.clamp_to_now(moment.into())));
    }

    /// Reports the token usage of the operation so far, of all choices together. Of several reports, the largest number
    /// of each kind of token counts, since streams report growing totals. While a stream runs, a growing total moves
    /// `llmobs.token.processed` once a second.
    ///
    /// An engine may generate further tokens after the consumer left. After the end of a cancelled operation, the output
    /// tokens of a report that exceed those recorded so far are added to `llmobs.token.processed` and to
    /// `llmobs.token.wasted`: an engine that cannot stop reports its total as before.
    pub fn usage(&self, usage: Usage) {
        self.with_state(|state| report_usage(state, &usage));
    }

    /// Reports the token usage so far of one of several choices, the answers to one request. `choice` is its index from
    /// zero. The output tokens of the choices, up to 128, are added up; the input, which they share, is counted once.
    pub fn usage_for(&self, choice: u32, usage: Usage) {
        self.with_state(|state| report_choice_usage(state, choice, usage));
    }

    /// Sets the reason why the generation of choice 0 ended. Most operations have only this choice. Only the first reason
    /// is kept.
    pub fn finish_reason(&self, reason: FinishReason) {
        self.with_state(|state| state.set_finish_reason(0, reason));
    }

    /// Sets the reason why the generation of one of several choices, the answers to one request, ended. `choice` is its
    /// index from zero. Only the first reason of a choice is kept, for at most 129 choices. The metrics contain the
    /// reason of the choice that ended first.
    pub fn finish_reason_for(&self, choice: u32, reason: FinishReason) {
        self.with_state(|state| state.set_finish_reason(choice, reason));
    }

    /// Sets the provider to which the request is sent from now on: a router has chosen it, or a fallback goes to another
    /// one. The attempts that start from now on, the client metrics of the conventions (`gen_ai.client.*`) and the
    /// record of the operation carry it, and so do its evaluations. The metrics of llmobs except
    /// `llmobs.operation.attempts` and `llmobs.evaluation.results` keep the provider of the start, so that operations
    /// started and ended balance for each provider. On the operation's span, a provider
    /// that was set at the start remains; see [`Start::late_provider`](crate::operation::Start::late_provider). Ignored
    /// after the end.
    pub fn provider(&self, provider: impl Into<Provider>) {
        self.with_state(|state| set_route(state, Some(provider.into()), None));
    }

    /// Sets the model for which the request is sent from now on, with the effect that [`provider`](Self::provider)
    /// describes. The name is limited to the label values of the metrics as that of the start is. If the model answers
    /// and its provider reports no [name](Self::response_model), it is the response's model on the span and in the
    /// record. An empty name changes nothing.
    pub fn model(&self, model: &str) {
        self.with_state(|state| set_route(state, None, Some(model)));
    }

    /// Sets the backend to which the request is sent from now on, with the effect of [`provider`](Self::provider) and
    /// [`model`](Self::model). The end of the operation is the result of the request: `completed` is a success, and an error
    /// of the backend a failure, see [`Backend::record`]; a caller that left is neither. Of several backends, only the last
    /// gets the result. Record the failure of one before it, from which a fallback goes on, with [`Backend::record`].
    /// Ignored after the end ([guide](crate::guide::failover)).
    pub fn backend(&self, backend: &Backend) {
        self.with_state(|state| set_backend(state, backend));
    }

    /// Sets the identifier of the response from the provider. The identifier is set on spans and log events, never on
    /// metrics. Only the first value of an attempt that is not empty is kept, up to 128 bytes.
    pub fn response_id(&self, id: &str) {
        self.with_state(|state| state.set_response(|response| &mut response.id, id));
    }

    /// Sets the name of the model that answered. The name is set on spans and log events, never on metrics. Only the
    /// first value of an attempt that is not empty is kept, up to 128 bytes.
    pub fn response_model(&self, model: &str) {
        self.with_state(|state| state.set_response(|response| &mut response.model, model));
    }

    /// Marks the operation as failing with this error type: however it ends, except by
    /// [`Operation::reject`](crate::Operation::reject), which [`end_with_error`](crate::Operation::end_with_error) may
    /// use, its outcome is `failed`. Only the first error type is kept.
    pub fn set_error(&self, error: ErrorType) {
        self.with_state(|state| state.set_error(error));
    }

    /// Counts the start of an attempt: a retry, a fallback or a hedge. `start` already counts the first attempt. The
    /// metric of attempts is recorded in the gateway and client roles. May be called after the end of the operation.
    ///
    /// A retry or a fallback supersedes the attempt before it, unless the operation has ended: the tokens that the
    /// operation has counted or that were reported so far, if they contain output, are counted as processed and wasted,
    /// and counting starts again; the identifier and the model of its response are forgotten. If the attempt goes to
    /// another [`provider`](Self::provider) or [`model`](Self::model), set them before.
    pub fn record_attempt(&self, kind: AttemptKind) {
        self.with_state(|state| start_attempt(state, kind));
    }

    /// Adds output tokens of an attempt whose answer is discarded because another attempt superseded it, to
    /// `llmobs.token.processed` and `llmobs.token.wasted`. For attempts whose tokens this operation has not counted and
    /// whose usage was not reported to it, such as a hedge that lost. May be called after the end of the operation.
    pub fn add_superseded_tokens(&self, tokens: u64) {
        self.with_state(|state| add_superseded_tokens(state, tokens));
    }

    /// Records a user's evaluation of the answer, as [`Operation::feedback`](crate::Operation::feedback) does, also
    /// after the end of the operation.
    pub fn feedback<'a>(&self, evaluation: impl Into<Evaluation<'a>>) {
        self.with_state(|state| emit_evaluation(state, &evaluation.into()));
    }

    /// Returns whether the operation generates an answer that consists of choices with finish reasons: a chat, a
    /// `generate_content` or a text completion.
    #[cfg(feature = "sse")]
    pub(crate) fn generates(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.series.key.operation.generates())
    }

    /// Starts a phase, a part of the operation that the application names and times. The returned guard records it when
    /// it is dropped. The name must be declared with [`ObserverBuilder::phases`](crate::ObserverBuilder::phases); a
    /// phase with another name is counted in `llmobs.self.folded_labels` and is not recorded.
    #[must_use = "the phase ends when the guard is dropped"]
    pub fn phase(&self, name: &str) -> Phase {
        let found = self.state.as_ref().and_then(|state| {
            let index = state.observer.declared_names().phases.iter().position(|phase| phase.as_ref() == name);
            if index.is_none() {
                state.observer.count_folded(crate::catalog::llmobs_attribute::PHASE_NAME);
            }
            Some((Arc::clone(state), index?, state.now()))
        });
        Phase(found)
    }

    /// Counts a lookup in a cache of whole responses, in `llmobs.response_cache.lookups`. May be called after the end
    /// of the operation.
    pub fn cache_lookup(&self, kind: CacheKind, result: CacheResult) {
        self.with_state(|state| state.series.add(RowId::CacheLookups, cache_lookup_variant(kind, result), 1));
    }

    /// Returns the current moment on the observer's clock; on the system's monotonic clock if the marker is disabled.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.state.as_ref().map_or_else(|| crate::clock::Clock::system().now(), |state| state.observer.clock.now())
    }

    fn with_state(&self, then: impl FnOnce(&OperationState)) {
        if let Some(state) = &self.state {
            then(state);
        }
    }
}

/// Methods for content: prompts, answers and tool calls. Content is ignored unless [capture](crate::capture) is on.
/// Captured content is limited by the content budget, the bytes that all operations in flight may hold, and passes the
/// gate, which redacts and truncates it, when the operation ends.
#[cfg(feature = "content")]
impl Marker {
    /// Returns whether content of this operation is captured, as decided at its start, so that passing content has an
    /// effect until its end. `false` if content is exported only on spans and the operation's trace is not sampled.
    #[inline]
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.request.capturing.is_on())
    }

    /// Captures the input of the model. The closure is called only if content is captured. Only the first input is
    /// kept.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::capture::ContentCapture;
    /// use llmobs::content::Input;
    /// use llmobs::content::Message;
    ///
    /// let observer = Observer::builder().model("m").capture(ContentCapture::Off).build()?;
    /// let operation = observer.chat("m").start();
    /// operation.marker().input(|| -> Input { unreachable!("nobody captures content") });
    /// operation.complete();
    ///
    /// let observer = Observer::builder().model("m").capture(ContentCapture::Spans).build()?;
    /// let operation = observer.chat("m").start();
    /// operation.marker().input(|| Input::new().system("Be kind.").message(Message::user("Hello")));
    /// operation.marker().output_text(0, "Hello to you");
    /// operation.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn input<I: Into<content::Input>>(&self, input: impl FnOnce() -> I) {
        self.capture(|gate, slot| slot.capture_input(gate, || input().into()));
    }

    /// Captures the whole answer, with one message for each choice. The closure is called only if content is captured.
    /// Only the first answer is kept; it takes precedence over output that was captured in deltas.
    pub fn output<O: IntoIterator<Item = content::Message>>(&self, output: impl FnOnce() -> O) {
        self.capture(|gate, slot| slot.capture_output(gate, || output().into_iter().collect()));
    }

    /// Captures a delta, one increment, of the text of a choice. [`Operation::observe`](crate::Operation::observe) does
    /// this itself for items with a [text](crate::stream::StreamItem::text).
    #[inline]
    pub fn output_text(&self, choice: u32, delta: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_text(choice, delta));
        }
    }

    /// Captures a delta, one increment, of the reasoning of a choice.
    #[inline]
    pub fn output_reasoning(&self, choice: u32, delta: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_reasoning(choice, delta));
        }
    }

    /// Captures a delta, one increment, of the arguments of a tool call of a choice. `index` counts the tool calls of
    /// the choice from zero. The first known `id` and `name` of a call are kept.
    #[inline]
    pub fn output_tool_call(&self, choice: u32, index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) {
        if self.is_capturing() {
            self.accumulate(|accumulator| accumulator.push_tool_call(choice, index, id, name, arguments));
        }
    }

    fn accumulate(&self, push: impl FnOnce(&mut crate::capture::ContentAccumulator)) {
        self.capture(|gate, slot| slot.accumulate(gate, push));
    }

    fn capture(&self, then: impl FnOnce(&ContentGate, &ContentSlot)) {
        if let Some((state, slot)) = self.state.as_ref().and_then(|state| Some((state, state.content_slot()?))) {
            then(&state.observer.content, slot);
        }
    }
}

/// Marks the operation as failing with `internal` if the thread that holds the marker unwinds before a finish reason was
/// set: a producer that panicked ends its channel as one that has finished does.
impl Drop for Marker {
    #[inline]
    fn drop(&mut self) {
        if self.state.is_some() && std::thread::panicking() {
            self.with_state(|state| {
                if state.finish_reason().is_none() {
                    state.set_error(ErrorType::Internal);
                }
            });
        }
    }
}

impl EngineOperation for Marker {}

impl SealedEngineOperation for Marker {
    fn join_engine(&self, engine: NamingEngine<'_>) -> Option<u64> {
        let state = self.state.as_deref().filter(|state| Arc::ptr_eq(state.observer.sinks(), engine.sinks))?;
        Some(state.join_engine(engine.index))
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marker").field("enabled", &self.state.is_some()).finish()
    }
}
