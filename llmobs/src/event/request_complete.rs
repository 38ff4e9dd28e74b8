//! `llm_request_complete`: one wide event for each operation that ended, with its labels, times and token counts, and
//! without content.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::measurement::FinishReasons;
use crate::measurement::LabelValue;
use crate::measurement::TraceLink;
use crate::number::to_f64;
use crate::number::to_i64;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::TokenSource;
use crate::span::TARGET;
use crate::text::display_fn;

/// The data of an operation that ended. Times are in nanoseconds; `None` was not measured.
#[derive(Debug, Clone)]
pub(crate) struct RequestCompleteEvent {
    pub(crate) ended_at: SystemTime,
    pub(crate) trace_ids: Option<TraceLink>,
    pub(crate) operation: LabelValue,
    pub(crate) provider: LabelValue,
    pub(crate) model: LabelValue,
    pub(crate) role: &'static str,
    pub(crate) response_id: Option<Arc<str>>,
    pub(crate) response_model: Option<Arc<str>>,
    pub(crate) conversation_id: Option<Arc<str>>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) is_streamed: bool,
    pub(crate) outcome: Outcome,
    pub(crate) error_type: Option<ErrorType>,
    pub(crate) finish_reasons: FinishReasons,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cached_tokens: Option<u64>,
    pub(crate) reasoning_tokens: Option<u64>,
    pub(crate) token_source: TokenSource,
    pub(crate) duration: u64,
    pub(crate) queue_time: Option<u64>,
    pub(crate) prefill_time: Option<u64>,
    pub(crate) decode_time: Option<u64>,
    pub(crate) time_to_first_token: Option<u64>,
    pub(crate) time_per_output_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) consumer_wait: Option<u64>,
    pub(crate) stalls: u16,
    pub(crate) attempts: u16,
    pub(crate) preemptions: u32,
    /// The energy in joules, a provisional value at the end of the operation.
    pub(crate) provisional_energy: Option<f64>,
    /// True if every objective was met; `None` if no objective judged the operation.
    pub(crate) is_good: Option<bool>,
    /// The reason for which the event is emitted; `None` if it is not emitted.
    pub(crate) keep_reason: Option<KeepReason>,
}

/// The reason for which an event is emitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KeepReason {
    /// Every event is emitted.
    All,
    /// The operation failed.
    Failed,
    /// The operation missed an objective.
    MissedObjective,
    /// The operation was selected by sampling among the good ones, at this ratio.
    Sampled(f64),
}

impl KeepReason {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Failed => "failed",
            Self::MissedObjective => "objective",
            Self::Sampled(_) => "sampled",
        }
    }

    /// Returns the ratio at which events with this reason are emitted.
    pub(crate) const fn sample_rate(self) -> f64 {
        match self {
            Self::Sampled(ratio) => ratio,
            _ => 1.0,
        }
    }
}

/// Emits the event at one level. A `tracing` callsite has a fixed level, so the macro is expanded three times.
macro_rules! emit_event {
    ($level:ident, $event:ident) => {
        tracing::event!(
            name: "llm_request_complete",
            target: TARGET,
            // Without a parent, because a layer would copy the whole event to the parent span as a span event.
            parent: None,
            tracing::Level::$level,
            trace_id = $event.trace_ids.map(|ids| tracing::field::display(ids.trace_id_hex())),
            span_id = $event.trace_ids.map(|ids| tracing::field::display(ids.span_id_hex())),
            gen_ai.operation.name = $event.operation.as_str(),
            gen_ai.provider.name = $event.provider.as_str(),
            gen_ai.request.model = $event.model.as_str(),
            gen_ai.response.model = $event.response_model.as_deref(),
            gen_ai.response.id = $event.response_id.as_deref(),
            gen_ai.conversation.id = $event.conversation_id.as_deref(),
            role = $event.role,
            outcome = $event.outcome.as_str(),
            error.type = $event.error_type.map(ErrorType::as_str),
            finish_reasons = (!$event.finish_reasons.is_empty()).then(|| tracing::field::display($event.joined_finish_reasons())),
            max_tokens = $event.max_tokens.and_then(to_i64),
            stream = $event.is_streamed,
            input_tokens = $event.input_tokens.and_then(to_i64),
            output_tokens = $event.output_tokens.and_then(to_i64),
            cached_tokens = $event.cached_tokens.and_then(to_i64),
            reasoning_tokens = $event.reasoning_tokens.and_then(to_i64),
            tokens_source = $event.token_source.as_str(),
            e2e_ms = nanos_to_millis($event.duration),
            queue_ms = $event.queue_time.map(nanos_to_millis),
            prefill_ms = $event.prefill_time.map(nanos_to_millis),
            decode_ms = $event.decode_time.map(nanos_to_millis),
            ttft_ms = $event.time_to_first_token.map(nanos_to_millis),
            tpot_ms = $event.time_per_output_token.map(nanos_to_millis),
            itl_max_ms = $event.longest_gap.map(nanos_to_millis),
            reader_away_ms = $event.consumer_wait.map(nanos_to_millis),
            stall_count = i64::from($event.stalls),
            attempts = i64::from($event.attempts),
            preemptions = i64::from($event.preemptions),
            energy_provisional_j = $event.provisional_energy,
            good = $event.is_good,
            keep_reason = $event.keep_reason.map(KeepReason::as_str),
            sample_rate = $event.keep_reason.map(KeepReason::sample_rate),
            "llm_request_complete"
        )
    };
}

impl RequestCompleteEvent {
    /// Emits the event: at ERROR if the operation failed by a fault of the service, at WARN if an objective was missed,
    /// else at INFO.
    pub(crate) fn emit(&self) {
        let no_service_fault = self.error_type.is_none_or(|error| error.is_client_fault());
        match self.outcome {
            Outcome::Failed if !no_service_fault => emit_event!(ERROR, self),
            _ if self.is_good == Some(false) => emit_event!(WARN, self),
            _ => emit_event!(INFO, self),
        }
    }

    /// Returns the finish reasons of the choices, separated by commas.
    pub(super) fn joined_finish_reasons(&self) -> impl fmt::Display {
        display_fn(|f| {
            self.finish_reasons.iter().enumerate().try_for_each(|(index, reason)| {
                let comma = if index == 0 { "" } else { "," };
                write!(f, "{comma}{reason}")
            })
        })
    }
}

/// A single division, so that the result is the double nearest to the exact value.
pub(crate) fn nanos_to_millis(nanos: u64) -> f64 {
    to_f64(nanos) / 1e6
}
