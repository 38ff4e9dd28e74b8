//! The state of an operation, one model call, in flight: shared by its owner, markers (handles for other threads),
//! stream and the in-flight registry. Each moment is set at most once; locks are used only for rare notes.

use std::sync::Arc;

#[cfg(feature = "cost")]
use super::cost_account::CostAccount;
use super::counted_tokens::CountedTokens;
use super::counters::Counters;
use super::end_marks::EndMarks;
use super::ending::Ending;
use super::in_flight::InFlightOperation;
use super::observer_state::ObserverState;
use super::preemptions::Preemptions;
use super::request::Request;
use super::request::StartParams;
use super::response_notes::Notes;
use super::response_notes::Response;
use super::response_notes::ResponseNotes;
use super::tenant::Tenant;
use super::tenant_registry::TenantRegistry;
use super::times::MarkResult;
use super::times::SetOnce;
use super::times::SetResult;
use super::times::Times;
use super::token_counts::TokenCounts;
use crate::cardinality::sanitize;
use crate::catalog::Role;
use crate::catalog::RowId;
use crate::clock::Moment;
use crate::companion::Mark;
use crate::companion::OperationInfo;
use crate::companion::operation_id;
use crate::measurement::FinishReasons;
use crate::measurement::Label;
use crate::measurement::RecordId;
use crate::measurement::TraceLink;
use crate::observer::content::ContentSlot;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::Outcome;
use crate::semconv::value::QueueExit;
use crate::series::OperationSeries;
use crate::timing::FirstToken;
use crate::timing::Marks;
use crate::usage::Usage;
use crate::usage::UsageDetails;

/// The state of an operation, from its start to the drop of its last marker or companion's handle.
#[derive(Debug)]
pub(crate) struct OperationState {
    /// The state of the observer that started the operation.
    pub(crate) observer: Arc<ObserverState>,
    /// The series that the metrics of the operation are recorded in.
    pub(crate) series: Arc<OperationSeries>,
    /// The tenant on whose behalf the operation runs; `None` if the observer records no tenants.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// The values that the start fixed, such as the deadline.
    pub(crate) request: Request,
    /// The moments at which the operation changed its state.
    pub(crate) times: Times,
    /// Time from the start to the first chunk of the stream, in nanoseconds, in the gateway and client roles.
    pub(crate) time_to_first_chunk: SetOnce,
    /// The reported token usage, and the tokens that the stream has carried.
    pub(crate) tokens: TokenCounts,
    /// The finish reasons, the error type, and whether the operation has ended.
    pub(crate) end_marks: EndMarks,
    /// Rare values, such as the identifier of the response.
    pub(crate) notes: ResponseNotes,
    /// The numbers of attempts, stalls and preemptions, and the engine.
    pub(crate) counters: Counters,
}

impl OperationState {
    /// Returns the state of an operation that has just started. The caller adds it to the in-flight registry.
    #[inline]
    pub(crate) fn new(observer: Arc<ObserverState>, series: Arc<OperationSeries>, params: StartParams) -> Self {
        let state = Self {
            observer,
            series,
            request: Request::new(&params),
            tenant: params.tenant,
            times: Times::new(params.t0),
            time_to_first_chunk: SetOnce::new(),
            tokens: TokenCounts::default(),
            end_marks: EndMarks::default(),
            notes: ResponseNotes::default(),
            counters: Counters::new(),
        };
        #[cfg(feature = "cost")]
        if let Some(account) = params.cost {
            let _ = state.notes.get_or_init().cost.set(account);
        }
        if let Some(conversation) = params.conversation_id {
            let _ = state.notes.get_or_init().conversation_id.set(conversation);
        }
        if let Some(tenant) = params.tenant_name {
            let _ = state.notes.get_or_init().tenant_name.set(tenant);
        }
        if let Some(details) = params.request_details {
            let _ = state.notes.get_or_init().request_details.set(details);
        }
        if let Some(request) = params.served_request {
            let _ = state.notes.get_or_init().served_request.set(request);
        }
        if let Some(used_bytes) = params.used_span_bytes {
            state.notes.get_or_init().content.set_used_span_bytes(used_bytes);
        }
        state
    }

    /// Returns the slot for content, or `None` if content is not captured or the operation has ended.
    pub(crate) fn content_slot(&self) -> Option<&ContentSlot> {
        let accepts_content = self.request.capturing.is_on() && !self.has_ended();
        accepts_content.then(|| &self.notes.get_or_init().content)
    }

    /// Returns the current moment on the observer's clock, in nanoseconds.
    pub(crate) fn now(&self) -> u64 {
        self.observer.clock.now().as_nanos()
    }

    /// Returns the id of the operation in its record; `None` if the application receives no records.
    pub(crate) fn record_id(&self) -> Option<RecordId> {
        let recorder = self.observer.recorder.as_ref()?;
        self.request.record_number.map(|number| recorder.id(number))
    }

    /// Returns whether the operation has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.end_marks.has_ended()
    }

    /// Marks the operation as ended: later marks are ignored. Returns `true` for the first call only.
    pub(crate) fn mark_ended(&self, ending: Ending) -> bool {
        let first = self.end_marks.mark_ended(ending == Ending::Cancelled);
        if first {
            self.times.close();
        }
        first
    }

    /// Returns a caller's moment in nanoseconds, or the current moment if the caller's lies in the future, which is
    /// counted as an anomaly unless the operation has ended.
    pub(crate) fn clamp_to_now(&self, moment: Moment) -> u64 {
        let now = self.observer.clock.now();
        if self.has_ended() { moment.min(now).as_nanos() } else { self.observer.clamp_to_now(moment, now).as_nanos() }
    }

    /// Marks the operation as waiting in the engine's queue from `at`, in nanoseconds. A second call, and a call after
    /// the operation was scheduled, has no effect and is counted as an anomaly. Ignored after the end.
    pub(crate) fn mark_enqueued(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let marked = self.times.enqueue(at);
        if self.check_mark(&marked) {
            self.notify_mark(Mark::Enqueued, marked.at);
            #[cfg(feature = "cost")]
            self.change_gpu_use(CostAccount::pause_gpu);
        } else if !self.has_ended() && !marked.was_early {
            self.observer.count_anomaly("mark_out_of_order");
        }
    }

    /// Marks the operation as scheduled by the engine at `at`, in nanoseconds, and records its time in the queue. A
    /// further call ends a preemption, and counts it if it was not marked. Ignored after the end.
    pub(crate) fn mark_scheduled(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let (marked, queued) = self.times.schedule(at);
        if marked.result == SetResult::WasClosed {
            return;
        }
        self.notify_mark(Mark::Scheduled, marked.at);
        #[cfg(feature = "cost")]
        self.change_gpu_use(CostAccount::run_gpu);
        if !self.check_mark(&marked) {
            let preemptions = self.notes.get_or_init().preemptions_or_init();
            if !preemptions.return_at(marked.at, self.first_token(), |at| self.times.without_consumer_wait(at)) {
                self.counters.count_preemption();
            }
        } else if let Some(queued) = queued {
            self.series.record_duration(RowId::Queue, QueueExit::Scheduled.index(), queued, None);
        }
    }

    /// Marks the operation as taken out of the engine's batch at `at`, in nanoseconds, and counts the preemption. A call
    /// before it was scheduled, and one while it is out of the batch, has no effect and is counted as an anomaly. Ignored
    /// after the end.
    pub(crate) fn mark_preempted(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let left = self.times.scheduled_at().map(|scheduled| {
            let preemptions = self.notes.get_or_init().preemptions_or_init();
            preemptions.leave(at, scheduled, |at| self.times.without_consumer_wait(at))
        });
        if left.is_some_and(|marked| self.check_mark(&marked)) {
            self.counters.count_preemption();
            #[cfg(feature = "cost")]
            self.change_gpu_use(CostAccount::pause_gpu);
        } else {
            self.observer.count_anomaly("mark_out_of_order");
        }
    }

    /// Marks the first token as generated at `at`, in nanoseconds, and records the prefill time, and the time to first
    /// token if the first-token rule is `Generated`. A further call has no effect. Ignored after the end.
    pub(crate) fn mark_first_token(&self, at: u64) {
        if self.has_ended() {
            return;
        }
        let (marked, prefill) = self.times.first_token(at);
        if self.check_mark(&marked) {
            self.notify_mark(Mark::FirstToken, marked.at);
            // A first token without `scheduled` ends the preparation.
            #[cfg(feature = "cost")]
            self.change_gpu_use(CostAccount::run_gpu);
            self.series.record_duration(RowId::Prefill, 0, prefill, None);
            if self.observer.first_token == FirstToken::Generated {
                self.record_ttft(marked.at);
            }
        }
    }

    /// Records the time to first token, from the start to `at` in nanoseconds, the moment of the token that the
    /// first-token rule selects. Only the first call has an effect.
    pub(crate) fn record_ttft(&self, at: u64) {
        let ttft = at.saturating_sub(self.times.t0);
        if self.times.set_ttft(ttft) {
            self.series.record_duration(RowId::FirstToken, 0, ttft, self.request.trace_link);
        }
    }

    /// Returns the moment of the first token, in nanoseconds; `None` before it.
    pub(crate) fn first_token(&self) -> Option<u64> {
        self.times.first_token_at()
    }

    /// Returns the time from the start to the token that the first-token rule selects, in nanoseconds; `None` before
    /// it.
    pub(crate) fn ttft(&self) -> Option<u64> {
        self.times.ttft()
    }

    /// Merges a report of token usage: the largest number of each kind counts. Ignored after the end.
    pub(crate) fn merge_usage(&self, usage: &Usage) {
        if self.has_ended() {
            return;
        }
        self.tokens.merge(usage);
        // One estimated report makes the whole usage estimated.
        if usage.is_estimated {
            self.counters.set_usage_estimated(true);
        }
        if usage.details != UsageDetails::new() {
            self.notes.get_or_init().merge_usage_details(usage.details);
        }
    }

    /// Returns the token usage reported so far; the number of a kind is `None` if it was never reported.
    pub(crate) fn usage(&self) -> Usage {
        let details = self.notes.get().map_or(UsageDetails::new(), Notes::usage_details);
        Usage { details, ..self.token_usage() }
    }

    /// Returns the token usage reported so far for the current attempt, without its modalities and service tier.
    pub(crate) fn token_usage(&self) -> Usage {
        Usage { is_estimated: self.counters.is_usage_estimated(), ..self.tokens.reported() }
    }

    /// Merges a report of the token usage of one of several choices. Returns the usage of all choices, whose output
    /// tokens are added up.
    pub(crate) fn merge_choice_usage(&self, choice: u32, usage: Usage) -> Usage {
        let sum = self.notes.get_or_init().merge_choice_usage(choice, &usage);
        Usage { output: sum.output, reasoning: sum.reasoning, ..usage }
    }

    /// Forgets the token usage reported so far, because a new attempt starts. `carried` is the number of output tokens
    /// that the stream has carried so far.
    pub(crate) fn restart_usage(&self, carried: u64) {
        self.notes.get_or_init().restart_usage(carried);
        self.tokens.clear_usage();
        self.counters.set_usage_estimated(false);
    }

    /// Returns those of the tokens counted from the stream that belong to the current attempt.
    pub(crate) fn of_attempt(&self, counted: CountedTokens) -> CountedTokens {
        self.notes.get().map_or(counted, |notes| counted.without_first(notes.carried_before_attempt()))
    }

    /// Sets the identifier or the model of the response. Only the first value of an attempt is kept. Ignored after the
    /// end.
    pub(crate) fn set_response(&self, field: impl FnOnce(&mut Response) -> &mut Option<Arc<str>>, text: &str) {
        if !self.has_ended() && !text.is_empty() {
            self.notes.get_or_init().set_response(field, &sanitize(text));
        }
    }

    /// Sets the finish reason of a choice, one of several answers. The reason that is set first is that of the
    /// operation: choices end one after the other. Ignored after the end.
    pub(crate) fn set_finish_reason(&self, choice: u32, reason: FinishReason) {
        if self.has_ended() {
            return;
        }
        self.end_marks.set_finish_reason(&self.notes, choice, reason);
    }

    /// Returns the finish reasons of all choices, in the order of the choices.
    pub(crate) fn finish_reasons(&self) -> FinishReasons {
        self.end_marks.finish_reasons(&self.notes)
    }

    /// Returns the finish reason of the operation, that of the choice that ended first; `None` if no choice ended.
    pub(crate) fn finish_reason(&self) -> Option<&FinishReason> {
        self.end_marks.finish_reason()
    }

    /// Sets the error type with which the operation will fail. Only the first one is kept.
    pub(crate) fn set_error(&self, error: ErrorType) {
        self.end_marks.set_error(error);
    }

    /// Returns the error type that was set first; `None` if no error was marked.
    pub(crate) fn error(&self) -> Option<ErrorType> {
        self.end_marks.error()
    }

    /// Returns all moments marked so far, with `now`, in nanoseconds, as the time of reading. Called at the end.
    pub(crate) fn marks(&self, now: u64) -> Marks {
        self.complete_marks(self.times.marks_at(now))
    }

    /// Completes the moments of state changes with the preparation and the time of the preemptions.
    fn complete_marks(&self, marks: Marks) -> Marks {
        let marks = Marks { has_preparation: self.request.has_preparation(), ..marks };
        let Some(preemptions) = self.preemptions() else { return marks };
        let preempted = preemptions.until(marks.now.saturating_sub(marks.consumer_wait), marks.first_token);
        Marks { preempted, ..marks }
    }

    /// Returns the times for which the engine had taken the operation out of its batch; `None` if it never did.
    pub(crate) fn preemptions(&self) -> Option<&Preemptions> {
        self.notes.get()?.preemptions()
    }

    /// Records that the consumer took an item at `at`, in nanoseconds, and has not polled again. `tokens` is the number
    /// of output tokens that the stream has carried so far, and `has_tokens` is set if the item carries some. Only the
    /// stream may call it.
    #[inline]
    pub(crate) fn consumer_left(&self, at: u64, tokens: u64, has_tokens: bool) {
        self.tokens.set_streamed(tokens);
        self.times.consumer_left(at, has_tokens);
    }

    /// Records that the engine with this index runs the operation, unless an engine is recorded already. Returns the id
    /// of the operation for companions.
    pub(crate) fn join_engine(&self, engine: u8) -> u64 {
        self.counters.set_engine(engine);
        operation_id(self)
    }

    /// Returns the tenant for a log event or a snapshot; `None` unless the application chose that they contain it.
    pub(crate) fn logged_tenant(&self) -> Option<Arc<str>> {
        let is_logged = self.observer.tenants.as_ref().is_some_and(TenantRegistry::is_logged);
        self.tenant.as_ref().filter(|_| is_logged).map(|tenant| tenant.name())
    }

    /// Returns the account of the costs; `None` if the observer has no prices.
    #[cfg(feature = "cost")]
    pub(crate) fn cost_account(&self) -> Option<&CostAccount> {
        self.notes.get()?.cost.get().map(Box::as_ref)
    }

    /// Calls `change` with the account of the costs and the current moment, in nanoseconds, if the cost of the operation is
    /// that of the time of own GPUs. The clock is read for no other operation.
    #[cfg(feature = "cost")]
    fn change_gpu_use(&self, change: fn(&CostAccount, u64)) {
        if let Some(account) = self.cost_account().filter(|account| account.has_gpu()) {
            change(account, self.now());
        }
    }

    /// Notifies the companions of a mark.
    fn notify_mark(&self, mark: Mark, at: u64) {
        self.observer
            .attached()
            .notify(|companion| companion.on_mark(operation_id(self), mark, Moment::from_nanos(at)));
    }

    /// Notifies the companions of the end at `at`, in nanoseconds.
    pub(crate) fn notify_end(&self, outcome: Outcome, at: u64) {
        self.observer
            .attached()
            .notify(|companion| companion.on_end(operation_id(self), outcome, Moment::from_nanos(at)));
    }

    /// Returns whether a mark was set. A mark whose moment had to be moved is counted as an anomaly.
    fn check_mark(&self, marked: &MarkResult) -> bool {
        if marked.was_early {
            self.observer.count_anomaly("mark_out_of_order");
        }
        marked.result == SetResult::Set
    }
}

/// The view of a collection.
impl InFlightOperation for OperationState {
    fn series(&self) -> &Arc<OperationSeries> {
        &self.series
    }

    fn marks_now(&self) -> Marks {
        self.complete_marks(self.times.marks(|| self.now()))
    }

    fn streamed_tokens(&self) -> u64 {
        self.tokens.streamed()
    }

    fn preemptions(&self) -> u32 {
        self.counters.preemptions()
    }

    fn engine_id(&self) -> Option<Arc<str>> {
        self.observer.engines.id(self.counters.engine()?)
    }

    fn trace_link(&self) -> Option<TraceLink> {
        self.request.trace_link
    }

    fn logged_tenant(&self) -> Option<Arc<str>> {
        Self::logged_tenant(self)
    }
}

/// The view of a companion.
impl OperationInfo for OperationState {
    fn role(&self) -> Role {
        self.series.key.role
    }

    fn identity(&self) -> [&str; 3] {
        let key = &self.series.key;
        [key.operation.as_str(), key.provider.as_str(), &self.series.model]
    }

    fn labels(&self) -> &[Label] {
        self.series.labels()
    }

    fn trace_link(&self) -> Option<TraceLink> {
        self.request.trace_link
    }

    fn has_ended(&self) -> bool {
        Self::has_ended(self)
    }

    fn has_preparation(&self) -> bool {
        self.request.has_preparation()
    }

    fn input_tokens(&self) -> Option<u64> {
        self.usage().input
    }

    fn output_tokens(&self) -> u64 {
        let counted = self.tokens.streamed();
        self.usage().output.unwrap_or(counted)
    }
}
