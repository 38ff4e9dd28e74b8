//! The span and the log events that are emitted at the end of an operation, a model call, and its entry in the flight
//! recorder. `engine::end` calls `EndReport::emit` after the metrics have been recorded.

use std::sync::Arc;
use std::time::SystemTime;

use super::ended_operation::EndedOperation;
use super::routing::routed_model;
use crate::catalog::Level;
use crate::clock::nanos_to_seconds;
use crate::clock::system_time_before_now;
#[cfg(feature = "cost")]
use crate::cost::EndedCost;
use crate::event::CostFields;
use crate::event::ExceptionEvent;
use crate::event::KeepReason;
use crate::event::OperationDetailsEvent;
use crate::event::RequestCompleteEvent;
use crate::measurement::FinishReasons;
use crate::measurement::TraceLink;
use crate::objective::Judgements;
use crate::observer::content::ContentExport;
use crate::observer::state::ending::Ending;
use crate::observer::state::response_notes::Notes;
use crate::observer::state::response_notes::Response;
use crate::semconv::value::OperationName;
use crate::semconv::value::Outcome;
use crate::span::InferenceEnd;
use crate::span::OwnedSpan;
use crate::span::StageSpan;
use crate::span::StageSpans;
#[cfg(feature = "cost")]
use crate::span::set_cost_attributes;
use crate::usage::Usage;

/// An operation that has ended and whose metrics have been recorded.
pub(crate) struct EndReport<'a> {
    /// The operation at its end, with its times and tokens.
    pub(crate) end: EndedOperation<'a>,
    /// The results of the objectives that the operation was judged by.
    pub(crate) judgements: Judgements,
    /// The moment at which the end was observed, in nanoseconds on the observer's clock; it may lie after the end.
    pub(crate) noticed_at: u64,
    /// Set if the operation was cancelled and another handle of it exists, so that its producer may report more tokens.
    pub(crate) late_tokens_possible: bool,
    /// The costs; `None` if the observer has no prices.
    #[cfg(feature = "cost")]
    pub(crate) cost: Option<Box<EndedCost>>,
}

impl EndReport<'_> {
    /// Sets the span's last attributes, emits the stages and the log events, adds the operation to the flight recorder
    /// and ends the span; `span` is `None` if no subscriber enables it. The span ends last, so that the log events
    /// belong to its trace. Returns the wide event if the application receives records.
    pub(crate) fn emit(&self, span: Option<Box<OwnedSpan>>) -> Option<Box<RequestCompleteEvent>> {
        let state = self.end.state;
        let notes = state.notes.get();
        let reasons = state.finish_reasons();
        let response = self.response();
        let inference_end = InferenceEnd {
            profile: state.series.declared_names().profile,
            is_embedding: state.series.key.operation == OperationName::Embeddings,
            outcome: self.end.ending.outcome(),
            error_type: self.end.ending.error_type(),
            late_provider: state.request.is_provider_late().then(|| self.end.answering_series.key.provider.as_str()),
            response_id: response.id.as_deref(),
            response_model: response.model.as_deref(),
            finish_reasons: &reasons,
            is_streamed: self.is_streamed(),
            time_to_first_chunk: self.time_to_first_chunk(),
            time_to_first_token: state.ttft(),
            usage: self.final_usage(),
            is_good: self.judgements.is_good(),
        };
        state.observer.flight_recorder.push_judgements(self.judgements);
        // With a span, the monotonic and the wall clock are read at the same time, so that both result in the same end.
        let now = if span.is_some() { state.now() } else { self.noticed_at };
        let ended = system_time_before_now(now.saturating_sub(self.end.marks.now));
        let content = ContentExport::of(
            &state.observer.content,
            notes.map(|notes| &notes.content),
            || state.end_marks.finish_reasons_by_choice(&state.notes),
            inference_end.outcome,
            span.as_deref(),
        );
        let Some(span) = span else { return self.emit_events(ended, None, &inference_end, &response, &content) };
        inference_end.set_attributes(&span);
        #[cfg(feature = "cost")]
        if let (Some(cost), Some(books)) = (&self.cost, &state.observer.costs) {
            set_cost_attributes(&span, cost, inference_end.profile, books.has_usage_cost_attributes);
        }
        content.set_span_attributes(&span);
        if let Some(request) = notes.and_then(|notes| notes.served_request.get()) {
            if let Some(provider) = inference_end.late_provider {
                request.set_provider(provider);
            }
            content.set_request_attributes(request);
            if let Some(error) = inference_end.error_type {
                request.set_call_error(error);
            }
        }
        self.emit_stages(&span, ended);
        let event = span.in_span_context(|| self.emit_events(ended, Some(&span), &inference_end, &response, &content));
        span.end_at(ended);
        event
    }

    /// Emits the stages (queue, prefill, decode) of the operation: as child spans at level `Full`, as span events at
    /// level `Standard`.
    fn emit_stages(&self, span: &OwnedSpan, ended: SystemTime) {
        let inner = &self.end.state.observer;
        let (standard, full) = (inner.sinks().is_enabled(Level::Standard), inner.sinks().is_enabled(Level::Full));
        if !standard {
            return;
        }
        let marks = &self.end.marks;
        let queue = marks.enqueued.zip(marks.queue_time()).map(|(from, duration)| ("queue", from, duration));
        let prefill =
            marks.first_token.zip(marks.prefill_time()).map(|(to, duration)| ("prefill", to - duration, duration));
        let decode = marks.first_token.zip(self.end.decode_time()).map(|(from, duration)| ("decode", from, duration));
        let remote = self.end.state.series.key.role.is_remote();
        // The prefill and decode times of a remote engine are not known.
        let known = [queue, prefill.filter(|_| !remote), decode.filter(|_| !remote)];
        let mut stages = [StageSpan { name: "", start: 0, end: 0 }; 3];
        let mut count = 0;
        for (name, from, duration) in known.into_iter().flatten() {
            stages[count] = StageSpan { name, start: from, end: from.saturating_add(duration) };
            count += 1;
        }
        let stage_spans = StageSpans { stages: &stages[..count], reference_nanos: marks.now, reference_time: ended };
        if full {
            stage_spans.emit_child_spans(span, inner.tracer());
        } else {
            stage_spans.add_span_events(span);
        }
    }

    /// Emits the log events of the exception, the details and the completed request, and stores the last one in the
    /// flight recorder. Returns the last one if the application receives records.
    fn emit_events(
        &self,
        at: SystemTime,
        span: Option<&OwnedSpan>,
        inference_end: &InferenceEnd<'_>,
        response: &Response,
        content: &ContentExport,
    ) -> Option<Box<RequestCompleteEvent>> {
        let state = self.end.state;
        let max_level = tracing::level_filters::LevelFilter::current();
        let (notes, logger) = (state.notes.get(), state.observer.logger.as_ref());
        if let Ending::Failed(error) = self.end.ending
            && (logger.is_some() || max_level >= tracing::Level::WARN)
        {
            let kind = notes.and_then(|notes| notes.exception_type.get().copied());
            let exception_type = kind.unwrap_or(error.as_str());
            ExceptionEvent { time: at, exception_type, message: content.error_message() }.emit(logger);
        }
        if let Some(request) = notes.and_then(|notes| notes.request_details.get()) {
            let [operation, provider, model] = self.end.answering_series.identity();
            OperationDetailsEvent {
                time: at,
                operation: operation.as_str(),
                provider: provider.as_str(),
                model: model.as_str(),
                conversation_id: notes.and_then(|notes| notes.conversation_id.get()).map(Arc::as_ref),
                max_tokens: state.request.max_tokens(),
                request,
                end: inference_end,
                content: content.for_event(),
            }
            .emit(logger);
        }
        let has_records = state.observer.recorder.as_ref().is_some_and(|recorder| recorder.has_receiver());
        if max_level < tracing::Level::ERROR && !state.observer.flight_recorder.is_on() && !has_records {
            return None;
        }
        let event = self.complete_event(at, span, inference_end.finish_reasons.clone(), response);
        if event.keep_reason.is_some() {
            event.emit();
        }
        let record = has_records.then(|| Box::new(event.clone()));
        state.observer.flight_recorder.push(event);
        record
    }

    /// Returns the wide event of the operation, `llm_request_complete`.
    fn complete_event(
        &self,
        at: SystemTime,
        span: Option<&OwnedSpan>,
        finish_reasons: FinishReasons,
        response: &Response,
    ) -> RequestCompleteEvent {
        let EndedOperation { state, ending, marks, stream, tokens, .. } = &self.end;
        let [operation, provider, model] = self.end.answering_series.identity();
        let notes = state.notes.get();
        let usage = state.usage();
        RequestCompleteEvent {
            record_id: state.record_id(),
            ended_at: at,
            trace_ids: span.map_or(state.request.trace_link, OwnedSpan::trace_ids),
            operation,
            provider,
            model,
            role: state.series.key.role,
            tenant: state.logged_tenant(),
            response_id: response.id.clone(),
            response_model: response.model.clone(),
            conversation_id: notes.and_then(|notes| notes.conversation_id.get()).map(Arc::clone),
            max_tokens: state.request.max_tokens(),
            is_streamed: self.is_streamed(),
            outcome: ending.outcome(),
            error_type: ending.error_type(),
            finish_reasons,
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            cached_tokens: tokens.input.and(usage.cache_read),
            cache_write_tokens: tokens.input.and(usage.cache_write),
            reasoning_tokens: usage.reasoning,
            token_source: tokens.output_source,
            input_token_source: tokens.input_source,
            superseded: notes.map(Notes::superseded).unwrap_or_default(),
            duration: marks.age(),
            queue_time: marks.queue_time(),
            prefill_time: marks.prefill_time(),
            decode_time: self.end.decode_time(),
            time_to_first_token: state.ttft(),
            time_to_first_chunk: self.time_to_first_chunk(),
            time_per_output_token: self.end.nanos_per_output_token(),
            longest_gap: stream.and_then(|stream| stream.summary.longest_gap),
            consumer_wait: stream.map(|stream| stream.summary.consumer_wait),
            stalls: state.counters.stalls(),
            attempts: state.counters.attempts(),
            preemptions: state.counters.preemptions(),
            #[cfg(feature = "cost")]
            cost: CostFields { ended: self.cost.clone() },
            #[cfg(not(feature = "cost"))]
            cost: CostFields {},
            provisional_energy: self.provisional_energy(),
            late_tokens_possible: self.late_tokens_possible,
            is_good: self.judgements.is_good(),
            keep_reason: self.keep_reason(*ending, span),
        }
    }

    /// Returns the names of the response. If the provider reported no model, it is the one to which the operation was
    /// routed, provided that the model has answered.
    fn response(&self) -> Response {
        let EndedOperation { state, marks, ending, .. } = &self.end;
        let mut response = state.notes.get().map_or_else(Response::default, Notes::response);
        let has_answered = *ending == Ending::Completed || marks.first_token.is_some();
        if response.model.is_none() && has_answered {
            response.model = routed_model(state);
        }
        response
    }

    /// Returns whether the caller requested a stream, if that is known, else whether a stream was observed.
    fn is_streamed(&self) -> bool {
        self.end.state.request.stream().unwrap_or_else(|| self.end.stream.is_some())
    }

    /// Returns a companion's estimate of the energy that the operation used from its scheduling, or from its start
    /// without a queue, to its end, in joules. The event is emitted before the measured energy is known. Returns `None`
    /// without an estimate, in the gateway and client roles, for an operation that was rejected or ended in the queue, and
    /// for one without any mark of the engine that did not complete.
    fn provisional_energy(&self) -> Option<f64> {
        let EndedOperation { state, ending, marks, .. } = &self.end;
        if ending.outcome() == Outcome::Rejected {
            return None;
        }
        let has_run = marks.first_token.is_some() || *ending == Ending::Completed;
        let started_at = marks.scheduled.or_else(|| (marks.enqueued.is_none() && has_run).then_some(marks.t0))?;
        let seconds = nanos_to_seconds(marks.now.saturating_sub(started_at));
        let attached = state.observer.attached();
        attached.query(|companion| companion.provisional_energy(seconds)).filter(|_| !state.series.key.role.is_remote())
    }

    /// Returns the reason for which the log event is emitted, or `None`. Failures, rejections and missed objectives
    /// always have an event; other operations are sampled by `log_sample_ratio`.
    fn keep_reason(&self, ending: Ending, span: Option<&OwnedSpan>) -> Option<KeepReason> {
        let ratio = self.end.state.observer.log_sample_ratio;
        match ending {
            Ending::Failed(_) | Ending::Rejected(_) => Some(KeepReason::Failed),
            _ if self.judgements.is_good() == Some(false) => Some(KeepReason::MissedObjective),
            _ if ratio >= 1.0 => Some(KeepReason::All),
            _ => {
                // Sampled by the trace id if there is one, so that either all events of a trace are emitted or none.
                let ids = span.and_then(OwnedSpan::trace_ids);
                let random =
                    ids.map_or_else(|| splitmix64(self.end.state.times.t0 ^ self.end.marks.now), TraceLink::randomness);
                (to_unit_interval(random) < ratio).then_some(KeepReason::Sampled(ratio))
            }
        }
    }

    /// Returns the time to first chunk in nanoseconds, in the gateway and client roles: the conventions define it for
    /// clients, and in a server the first chunk may be sent before the model runs.
    fn time_to_first_chunk(&self) -> Option<u64> {
        let state = self.end.state;
        state.time_to_first_chunk.get().filter(|_| state.series.key.role.is_remote())
    }

    /// Returns the usage for the span and the record: tokens that the engine or provider reported, else the tokens that were counted.
    pub(crate) fn final_usage(&self) -> Usage {
        let tokens = &self.end.tokens;
        Usage { input: tokens.input, output: tokens.output, ..self.end.state.usage() }
    }
}

/// Returns a pseudo-random number that depends only on `number`, so that sampling needs no state.
const fn splitmix64(number: u64) -> u64 {
    // The finaliser of SplitMix64.
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Returns a number from 0 inclusive to 1 exclusive, made from the upper 53 bits of `random`.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact, and enough for a random number")]
const fn to_unit_interval(random: u64) -> f64 {
    (random >> 11) as f64 / (1_u64 << 53) as f64
}
