//! The span and the log events that are emitted at the end of an operation.

use std::sync::Arc;
use std::time::SystemTime;

use super::content_export::ContentExport;
use super::end::EndedOperation;
use super::end::Ending;
use crate::catalog::Level;
use crate::clock::ago;
use crate::clock::seconds;
use crate::event::KeepReason;
use crate::event::OperationDetailsEvent;
use crate::event::RequestCompleteEvent;
use crate::event::exception;
use crate::measurement::FinishReasons;
use crate::measurement::TraceLink;
use crate::objective::Judgements;
use crate::semconv::value::OperationName;
use crate::span::InferenceEnd;
use crate::span::OwnedSpan;
use crate::span::StageSpan;
use crate::span::StageSpans;
use crate::usage::Usage;

/// An operation that has ended and whose metrics have been recorded.
pub(super) struct EndReport<'a> {
    pub(super) end: EndedOperation<'a>,
    pub(super) judged: Judgements,
    /// The moment at which the end was observed, in nanoseconds; it may lie after the end.
    pub(super) now: u64,
}

impl EndReport<'_> {
    /// Sets the span's attributes, emits the log events and ends the span. The span ends last, so that the log events
    /// belong to its trace.
    pub(super) fn emit(&self, span: Option<Box<OwnedSpan>>) {
        let live = self.end.live;
        let notes = live.noted();
        let reasons = live.finish_reasons();
        let answer = InferenceEnd {
            profile: live.series.vocabulary().profile,
            is_embedding: live.series.key.operation == OperationName::Embeddings,
            outcome: self.end.ending.outcome(),
            error: self.end.ending.error_type(),
            response_id: notes.and_then(|notes| notes.response_id.get()).map(Arc::as_ref),
            response_model: notes.and_then(|notes| notes.response_model.get()).map(Arc::as_ref),
            finish_reasons: &reasons,
            streamed: self.end.stream.is_some(),
            first_chunk: live.first_chunk.get(),
            first_token: live.ttft(),
            usage: self.usage(),
            good: self.judged.good(),
        };
        live.core.flight.judged(self.judged);
        // With a span, the monotonic and the wall clock are read at the same time, so that both result in the same end.
        let now = if span.is_some() { live.now() } else { self.now };
        let ended = ago(now.saturating_sub(self.end.marks.now));
        let content = ContentExport::of(live, answer.outcome, span.as_deref());
        let Some(held) = span else { return self.log(ended, None, &answer, &content) };
        answer.set_attributes(&held);
        content.set_span_attributes(&held);
        self.parts(&held, ended);
        held.in_trace(|| self.log(ended, Some(&held), &answer, &content));
        held.end(ended);
    }

    /// Emits the stages of the operation: as child spans at level `Full`, as span events at level `Standard`.
    fn parts(&self, held: &OwnedSpan, ended: SystemTime) {
        let core = &self.end.live.core;
        let (standard, full) = (core.sinks().is_enabled(Level::Standard), core.sinks().is_enabled(Level::Full));
        if !standard {
            return;
        }
        let marks = &self.end.marks;
        let queue = marks.enqueued.zip(marks.queue()).map(|(from, took)| ("queue", from, took));
        let prefill = marks.first_token.zip(marks.prefill()).map(|(to, took)| ("prefill", to - took, took));
        let decode = marks.first_token.zip(self.end.decode()).map(|(from, took)| ("decode", from, took));
        let remote = self.end.live.series.key.role.is_remote();
        // The prefill and decode times of a remote engine are not known.
        let known = [queue, prefill.filter(|_| !remote), decode.filter(|_| !remote)];
        let mut parts = [StageSpan { name: "", from: 0, to: 0 }; 3];
        let mut count = 0;
        for (name, from, took) in known.into_iter().flatten() {
            parts[count] = StageSpan { name, from, to: from.saturating_add(took) };
            count += 1;
        }
        let parts = StageSpans { parts: &parts[..count], moment: marks.now, date: ended };
        if full {
            parts.as_children(held, core.tracer());
        } else {
            parts.as_events(held);
        }
    }

    fn log(&self, at: SystemTime, held: Option<&OwnedSpan>, answer: &InferenceEnd<'_>, content: &ContentExport) {
        let live = self.end.live;
        let heard = tracing::level_filters::LevelFilter::current();
        let notes = live.noted();
        if heard >= tracing::Level::WARN
            && let Ending::Failed(error) = self.end.ending
        {
            let kind = notes.and_then(|notes| notes.exception.get().copied());
            exception(kind.unwrap_or(error.as_str()), content.message());
        }
        if let Some(asked) = notes.and_then(|notes| notes.request_details.get()) {
            let [operation, provider, model] = live.series.identity();
            OperationDetailsEvent {
                operation: operation.as_str(),
                provider: provider.as_str(),
                model: model.as_str(),
                conversation: notes.and_then(|notes| notes.conversation.get()).map(Arc::as_ref),
                max_tokens: live.max_tokens(),
                request: asked,
                answer,
                content: content.for_event(),
            }
            .write();
        }
        if heard < tracing::Level::ERROR && !live.core.flight.is_on() {
            return;
        }
        let event = self.event(at, held, answer.finish_reasons.clone());
        if event.keep_reason.is_some() {
            event.write();
        }
        live.core.flight.push(event);
    }

    fn event(&self, at: SystemTime, held: Option<&OwnedSpan>, finish_reasons: FinishReasons) -> RequestCompleteEvent {
        let EndedOperation { live, ending, marks, stream, tokens, .. } = &self.end;
        let [operation, provider, model] = live.series.identity();
        let notes = live.noted();
        let note = |text: Option<&Arc<str>>| text.map(Arc::clone);
        let usage = live.usage();
        RequestCompleteEvent {
            at,
            ids: held.map_or(live.link, OwnedSpan::ids),
            operation,
            provider,
            model,
            role: live.series.key.role.as_str(),
            response_id: note(notes.and_then(|notes| notes.response_id.get())),
            response_model: note(notes.and_then(|notes| notes.response_model.get())),
            conversation: note(notes.and_then(|notes| notes.conversation.get())),
            max_tokens: live.max_tokens(),
            streamed: stream.is_some(),
            outcome: ending.outcome(),
            error: ending.error_type(),
            finish_reasons,
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            cached_tokens: tokens.input.and(usage.cache_read),
            reasoning_tokens: usage.reasoning,
            tokens_source: tokens.output_source,
            duration: marks.age(),
            queue: marks.queue(),
            prefill: marks.prefill(),
            decode: self.end.decode(),
            first_token: live.ttft(),
            per_token: self.end.per_token_nanos(),
            longest_gap: stream.and_then(|stream| stream.summary.longest_gap),
            reader_away: stream.map(|stream| stream.summary.away),
            stalls: live.stalls(),
            attempts: live.attempts(),
            preemptions: live.preemptions(),
            energy: self.provisional_energy(),
            good: self.judged.good(),
            keep_reason: self.keep_reason(*ending, held),
        }
    }

    /// Returns a companion's estimate of the energy that the operation used from its scheduling to its end, in joules.
    /// The event is emitted before the measured energy is known. `None` in the gateway and client roles.
    fn provisional_energy(&self) -> Option<f64> {
        let EndedOperation { live, marks, .. } = &self.end;
        let began = marks.scheduled.or_else(|| marks.enqueued.is_none().then_some(marks.t0))?;
        let ran = seconds(marks.now.saturating_sub(began));
        let attached = live.core.attached();
        attached.query(|companion| companion.provisional_energy(ran)).filter(|_| !live.series.key.role.is_remote())
    }

    /// Returns the reason for which the log event is emitted, or `None`. Failures, rejections and missed objectives
    /// always have an event; other operations are sampled by `log_sample_ratio`.
    fn keep_reason(&self, ending: Ending, held: Option<&OwnedSpan>) -> Option<KeepReason> {
        let share = self.end.live.core.log_sample_ratio;
        match ending {
            Ending::Failed(_) | Ending::Rejected(_) => Some(KeepReason::Failed),
            _ if self.judged.good() == Some(false) => Some(KeepReason::MissedObjective),
            _ if share >= 1.0 => Some(KeepReason::All),
            _ => {
                // Sampled by the trace id if there is one, so that either all events of a trace are emitted or none.
                let ids = held.and_then(OwnedSpan::ids);
                let drawn = ids.map_or_else(|| spread(self.end.live.times.t0 ^ self.end.marks.now), TraceLink::random);
                (unit(drawn) < share).then_some(KeepReason::Sampled(share))
            }
        }
    }

    /// Returns the usage for the span: tokens that the engine or provider reported, else the tokens that were counted.
    fn usage(&self) -> Usage {
        let tokens = &self.end.tokens;
        Usage { input: tokens.input, output: tokens.output, ..self.end.live.usage() }
    }
}

/// Returns a pseudo-random number that depends only on `number`, so that sampling needs no state.
const fn spread(number: u64) -> u64 {
    // The finaliser of SplitMix64.
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Returns a number from 0 inclusive to 1 exclusive, made from the upper 53 bits of `drawn`.
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact, and enough for a random number")]
const fn unit(drawn: u64) -> f64 {
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}
