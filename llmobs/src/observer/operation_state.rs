//! The state of an operation in flight, shared by its owner, markers, stream and the in-flight registry. Values are set
//! once; locks are used only for rare notes.

use std::num::NonZeroU8;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
#[cfg(feature = "content")]
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use opentelemetry::trace::SpanContext;

#[cfg(feature = "content")]
use super::content::CapturedContent;
use super::inner::Inner;
use super::times::MarkResult;
use super::times::SetOnce;
use super::times::SetResult;
use super::times::Times;
use crate::cardinality::MAX_LABEL_BYTES;
use crate::cardinality::truncate;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::companion::Mark;
use crate::companion::operation_id;
use crate::event::RequestDetails;
use crate::measurement::FinishReasons;
use crate::measurement::TraceLink;
use crate::semconv::value::AttemptKind;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::series::OperationSeries;
use crate::timing::FirstToken;
use crate::timing::Marks;
use crate::usage::Usage;

/// The maximum number of further choices whose finish reasons are kept.
const MAX_CHOICES: usize = 128;

/// The largest number that was reported, if any. Stored plus one; zero means that none was reported.
#[derive(Debug, Default)]
struct AtomicMax(AtomicU64);

impl AtomicMax {
    fn get(&self) -> Option<u64> {
        self.0.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Replaces the number if `value` is larger, as in later reports of a growing total.
    fn raise(&self, value: Option<u64>) {
        if let Some(value) = value {
            self.0.fetch_max(value.saturating_add(1), Ordering::Relaxed);
        }
    }
}

#[derive(Debug)]
pub(super) struct OperationState {
    pub(super) observer: Arc<Inner>,
    pub(super) series: Arc<OperationSeries>,
    pub(super) times: Times,
    deadline: Option<NonZeroU64>,
    /// Set if a report of the token usage is expected. No tokens are counted from the stream before it.
    pub(super) reports_usage: bool,
    /// Set if content is captured and has a destination.
    #[cfg(feature = "content")]
    pub(super) is_capturing: bool,
    /// Index plus one of the objective of the instrumented function, if it declares one.
    function_objective: Option<NonZeroU8>,
    pub(super) trace_link: Option<TraceLink>,
    has_ended: AtomicBool,
    preemptions: AtomicU32,
    input: AtomicMax,
    cache_read: AtomicMax,
    cache_write: AtomicMax,
    output: AtomicMax,
    reasoning: AtomicMax,
    is_estimated: AtomicBool,
    finish_reason: OnceLock<FinishReason>,
    /// Index of the choice that ended first.
    first_finished_choice: AtomicU16,
    /// Time from the start to the first chunk, in nanoseconds, in the gateway and client roles.
    pub(super) time_to_first_chunk: SetOnce,
    max_tokens: Option<NonZeroU32>,
    stalls: AtomicU16,
    attempts: AtomicU16,
    notes: OnceLock<Box<ResponseNotes>>,
    /// Index plus one of the error type; zero if no error was marked.
    error: AtomicU8,
    /// Written only by the stream and read by collections: a plain store, no read-modify-write.
    pub(super) streamed_tokens: AtomicU64,
}

/// The values that `start` passes to a new operation.
pub(super) struct StartParams {
    pub(super) t0: u64,
    pub(super) deadline: Option<u64>,
    pub(super) prepares: bool,
    pub(super) reports_usage: bool,
    #[cfg(feature = "content")]
    pub(super) is_capturing: bool,
    /// Bytes of content that the span already contains.
    #[cfg(feature = "content")]
    pub(super) used_span_bytes: usize,
    pub(super) trace_link: Option<TraceLink>,
    pub(super) max_tokens: Option<u64>,
    pub(super) function_objective: Option<usize>,
    pub(super) conversation_id: Option<Arc<str>>,
    pub(super) request_details: Option<RequestDetails>,
}

/// Values that few operations have, allocated when the first is set.
#[derive(Debug, Default)]
pub(super) struct ResponseNotes {
    pub(super) conversation_id: OnceLock<Arc<str>>,
    pub(super) response_id: OnceLock<Arc<str>>,
    pub(super) response_model: OnceLock<Arc<str>>,
    /// The type of the exception that the application reported.
    pub(super) exception_type: OnceLock<&'static str>,
    /// The parameters of the request, if details events are emitted.
    pub(super) request_details: OnceLock<RequestDetails>,
    /// Finish reasons of the choices after the first that ended, with their indices.
    other_finish_reasons: Mutex<Vec<(u16, FinishReason)>>,
    /// The span of the previous attempt.
    pub(super) last_attempt_span: Mutex<Option<SpanContext>>,
    /// The input and output, if content is captured.
    #[cfg(feature = "content")]
    pub(super) captured_content: OnceLock<Box<CapturedContent>>,
    /// Bytes of content that the span contained at the start.
    #[cfg(feature = "content")]
    pub(super) used_span_bytes: OnceLock<NonZeroUsize>,
}

impl OperationState {
    pub(super) fn new(inner: Arc<Inner>, series: Arc<OperationSeries>, params: StartParams) -> Self {
        let state = Self {
            observer: inner,
            series,
            times: Times::new(params.t0, params.prepares),
            deadline: params.deadline.and_then(NonZeroU64::new),
            reports_usage: params.reports_usage,
            #[cfg(feature = "content")]
            is_capturing: params.is_capturing,
            function_objective: params
                .function_objective
                .and_then(|index| NonZeroU8::new(u8::try_from(index + 1).ok()?)),
            trace_link: params.trace_link,
            has_ended: AtomicBool::new(false),
            preemptions: AtomicU32::new(0),
            input: AtomicMax::default(),
            cache_read: AtomicMax::default(),
            cache_write: AtomicMax::default(),
            output: AtomicMax::default(),
            reasoning: AtomicMax::default(),
            is_estimated: AtomicBool::new(false),
            finish_reason: OnceLock::new(),
            time_to_first_chunk: SetOnce::new(),
            first_finished_choice: AtomicU16::new(0),
            max_tokens: params.max_tokens.and_then(|tokens| NonZeroU32::new(u32::try_from(tokens).ok()?)),
            stalls: AtomicU16::new(0),
            attempts: AtomicU16::new(1),
            notes: OnceLock::new(),
            error: AtomicU8::new(0),
            streamed_tokens: AtomicU64::new(0),
        };
        if let Some(conversation) = params.conversation_id {
            let _ = state.notes_or_init().conversation_id.set(conversation);
        }
        if let Some(details) = params.request_details {
            let _ = state.notes_or_init().request_details.set(details);
        }
        #[cfg(feature = "content")]
        if let Some(used_bytes) = NonZeroUsize::new(params.used_span_bytes) {
            let _ = state.notes_or_init().used_span_bytes.set(used_bytes);
        }
        state
    }

    /// Returns the notes, and allocates them on the first call.
    pub(super) fn notes_or_init(&self) -> &ResponseNotes {
        self.notes.get_or_init(Box::default)
    }

    /// Returns the notes, if any were set.
    pub(super) fn existing_notes(&self) -> Option<&ResponseNotes> {
        self.notes.get().map(Box::as_ref)
    }

    /// Counts an attempt.
    pub(super) fn record_attempt(&self, kind: AttemptKind) {
        saturating_increment(&self.attempts);
        self.series.add(RowId::Attempts, kind.index(), 1);
    }

    pub(super) fn attempts(&self) -> u16 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Counts a stall of the stream.
    pub(super) fn count_stall(&self) {
        saturating_increment(&self.stalls);
    }

    pub(super) fn stalls(&self) -> u16 {
        self.stalls.load(Ordering::Relaxed)
    }

    pub(super) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens.map(|tokens| tokens.get().into())
    }

    pub(super) fn function_objective(&self) -> Option<usize> {
        self.function_objective.map(|index| usize::from(index.get()) - 1)
    }

    pub(super) fn is_past_deadline(&self, now: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline.get())
    }

    pub(super) fn now(&self) -> u64 {
        self.observer.clock.now().as_nanos()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Acquire)
    }

    /// Closes the operation: later marks are ignored. Returns whether this call closed it.
    pub(super) fn mark_ended(&self) -> bool {
        let first = !self.has_ended.swap(true, Ordering::AcqRel);
        if first {
            self.times.close();
        }
        first
    }

    /// Returns a caller's moment in nanoseconds, or the current moment if the caller's lies in the future.
    pub(super) fn clamp_to_now(&self, moment: Moment) -> u64 {
        let now = self.observer.clock.now();
        if self.has_ended() { moment.min(now).as_nanos() } else { self.observer.clamp_to_now(moment, now).as_nanos() }
    }

    pub(super) fn mark_enqueued(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let marked = self.times.enqueue(at);
        if self.check_mark(&marked) {
            self.notify_mark(Mark::Enqueued, marked.at);
        } else if !self.has_ended() {
            self.observer.count_anomaly("mark_out_of_order");
        }
    }

    /// Marks the operation as scheduled by the engine. A further call counts a preemption.
    pub(super) fn mark_scheduled(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let (marked, queued) = self.times.schedule(at);
        if marked.result == SetResult::WasClosed {
            return;
        }
        self.notify_mark(Mark::Scheduled, marked.at);
        if !self.check_mark(&marked) {
            self.preemptions.fetch_add(1, Ordering::Relaxed);
        } else if let Some(queued) = queued {
            self.series.record_duration(RowId::Queue, QueueExit::Scheduled.index(), queued, None);
        }
    }

    /// Marks the first token that the engine generated.
    pub(super) fn mark_first_token(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let (marked, prefill) = self.times.first_token(at);
        if self.check_mark(&marked) {
            self.notify_mark(Mark::FirstToken, marked.at);
            self.series.record_duration(RowId::Prefill, 0, prefill, None);
            if self.observer.first_token == FirstToken::Generated {
                self.record_ttft(marked.at);
            }
        }
    }

    /// Records the time to first token, which ends at the token that the first-token rule selects.
    pub(super) fn record_ttft(&self, at: u64) {
        let ttft = at.saturating_sub(self.times.t0);
        if self.times.set_ttft(ttft) {
            self.series.record_duration(RowId::FirstToken, 0, ttft, self.trace_link);
        }
    }

    pub(super) fn first_token(&self) -> Option<u64> {
        self.times.first_token_at()
    }

    pub(super) fn ttft(&self) -> Option<u64> {
        self.times.ttft()
    }

    pub(super) fn preemptions(&self) -> u32 {
        self.preemptions.load(Ordering::Relaxed)
    }

    pub(super) fn merge_usage(&self, usage: &Usage) {
        if self.has_ended() {
            return;
        }
        self.input.raise(usage.input);
        self.cache_read.raise(usage.cache_read);
        self.cache_write.raise(usage.cache_write);
        self.output.raise(usage.output);
        self.reasoning.raise(usage.reasoning);
        if usage.is_estimated {
            self.is_estimated.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn usage(&self) -> Usage {
        Usage {
            input: self.input.get(),
            cache_read: self.cache_read.get(),
            cache_write: self.cache_write.get(),
            output: self.output.get(),
            reasoning: self.reasoning.get(),
            is_estimated: self.is_estimated.load(Ordering::Relaxed),
        }
    }

    /// Sets the finish reason of a choice. The reason that is set first is that of the operation: choices end one after
    /// the other.
    pub(super) fn set_finish_reason(&self, choice: u32, reason: FinishReason) {
        if self.has_ended() {
            return;
        }
        let index = u16::try_from(choice).unwrap_or(u16::MAX);
        let reason = match reason {
            FinishReason::Other(text) if text.len() > MAX_LABEL_BYTES => {
                FinishReason::Other(truncate(&text).to_owned().into())
            }
            other => other,
        };
        self.finish_reason.get_or_init(|| {
            self.first_finished_choice.store(index, Ordering::Relaxed);
            reason.clone()
        });
        if self.first_finished_choice.load(Ordering::Relaxed) == index {
            return;
        }
        let mut others = self.notes_or_init().other_finish_reasons.lock().unwrap_or_else(PoisonError::into_inner);
        if others.len() < MAX_CHOICES && others.iter().all(|(known, _)| *known != index) {
            others.push((index, reason));
        }
    }

    /// Returns the finish reasons of all choices, in the order of the choices.
    pub(super) fn finish_reasons(&self) -> FinishReasons {
        let Some(reason) = self.finish_reason.get().cloned() else { return FinishReasons::default() };
        let Some(notes) = self.existing_notes() else {
            return FinishReasons { first: Some(reason), others: Vec::new() };
        };
        let mut all = notes.other_finish_reasons.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.push((self.first_finished_choice.load(Ordering::Relaxed), reason));
        all.sort_by_key(|(choice, _)| *choice);
        let mut all = all.into_iter().map(|(_, reason)| reason);
        FinishReasons { first: all.next(), others: all.collect() }
    }

    /// Returns the finish reason of each choice that has one, with its index.
    #[cfg(feature = "content")]
    pub(super) fn finish_reasons_by_choice(&self) -> Vec<(u16, FinishReason)> {
        let others = self
            .existing_notes()
            .map(|notes| notes.other_finish_reasons.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let first =
            self.finish_reason.get().map(|reason| (self.first_finished_choice.load(Ordering::Relaxed), reason.clone()));
        first.into_iter().chain(others.into_iter().flatten()).collect()
    }

    pub(super) fn finish_reason(&self) -> Option<&FinishReason> {
        self.finish_reason.get()
    }

    pub(super) fn set_error(&self, error: ErrorType) {
        let code = u8::try_from(error.index() + 1).unwrap_or(u8::MAX);
        let _ = self.error.compare_exchange(0, code, Ordering::Relaxed, Ordering::Relaxed);
    }

    pub(super) fn error(&self) -> Option<ErrorType> {
        let index = usize::from(self.error.load(Ordering::Relaxed)).checked_sub(1)?;
        ErrorType::ALL.get(index).copied()
    }

    /// Returns all moments marked so far, with `now` as the time of reading.
    pub(super) fn marks(&self, now: u64) -> Marks {
        self.times.marks_at(now)
    }

    /// Returns all moments marked so far, with the current time as the time of reading.
    pub(super) fn marks_now(&self) -> Marks {
        self.times.marks(|| self.now())
    }

    /// Records that the consumer took an item and has not polled again.
    #[inline]
    pub(super) fn consumer_left(&self, at: u64, tokens: u64) {
        self.streamed_tokens.store(tokens, Ordering::Relaxed);
        self.times.consumer_left(at);
    }

    /// Notifies the companions of a mark.
    fn notify_mark(&self, mark: Mark, at: u64) {
        self.observer
            .attached()
            .notify(|companion| companion.on_mark(operation_id(self), mark, Moment::from_nanos(at)));
    }

    pub(super) fn notify_end(&self, outcome: Outcome, at: u64) {
        self.observer
            .attached()
            .notify(|companion| companion.on_end(operation_id(self), outcome, Moment::from_nanos(at)));
    }

    /// Returns whether a mark was set. A mark whose moment had to be moved is counted as an anomaly.
    fn check_mark(&self, marked: &MarkResult) -> bool {
        if marked.was_early && marked.result != SetResult::WasClosed {
            self.observer.count_anomaly("mark_out_of_order");
        }
        marked.result == SetResult::Set
    }
}

/// Adds one to a number, unless it is already `u16::MAX`.
fn saturating_increment(number: &AtomicU16) {
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| number.checked_add(1));
}
