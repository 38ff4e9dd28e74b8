//! `llm_request_complete`: one wide event for each operation that ended, with its labels, times and token counts, and
//! without content.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::measurement::FinishReasons;
use crate::measurement::LabelValue;
use crate::measurement::TraceLink;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::TokenSource;
use crate::span::TARGET;

/// The data of an operation that ended. Times are in nanoseconds; `None` was not measured.
#[derive(Debug, Clone)]
pub(crate) struct RequestCompleteEvent {
    pub(crate) at: SystemTime,
    pub(crate) ids: Option<TraceLink>,
    pub(crate) operation: LabelValue,
    pub(crate) provider: LabelValue,
    pub(crate) model: LabelValue,
    pub(crate) role: &'static str,
    pub(crate) response_id: Option<Arc<str>>,
    pub(crate) response_model: Option<Arc<str>>,
    pub(crate) conversation: Option<Arc<str>>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) streamed: bool,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<ErrorType>,
    pub(crate) finish_reasons: FinishReasons,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cached_tokens: Option<u64>,
    pub(crate) reasoning_tokens: Option<u64>,
    pub(crate) tokens_source: TokenSource,
    pub(crate) duration: u64,
    pub(crate) queue: Option<u64>,
    pub(crate) prefill: Option<u64>,
    pub(crate) decode: Option<u64>,
    pub(crate) first_token: Option<u64>,
    pub(crate) per_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) reader_away: Option<u64>,
    pub(crate) stalls: u16,
    pub(crate) attempts: u16,
    pub(crate) preemptions: u32,
    /// The energy in joules, a provisional value at the end of the operation.
    pub(crate) energy: Option<f64>,
    /// True if every objective was met; `None` if no objective judged the operation.
    pub(crate) good: Option<bool>,
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
    pub(crate) const fn rate(self) -> f64 {
        match self {
            Self::Sampled(share) => share,
            _ => 1.0,
        }
    }
}

/// Emits the event at one level. A `tracing` callsite has a fixed level, so the macro is expanded three times.
macro_rules! emit_event {
    ($level:ident, $of:ident) => {
        tracing::event!(
            name: "llm_request_complete",
            target: TARGET,
            // Without a parent, because a layer would copy the whole event to the parent span as a span event.
            parent: None,
            tracing::Level::$level,
            trace_id = $of.ids.map(|ids| tracing::field::display(hex(ids.trace_id))),
            span_id = $of.ids.map(|ids| tracing::field::display(hex(ids.span_id))),
            gen_ai.operation.name = $of.operation.as_str(),
            gen_ai.provider.name = $of.provider.as_str(),
            gen_ai.request.model = $of.model.as_str(),
            gen_ai.response.model = $of.response_model.as_deref(),
            gen_ai.response.id = $of.response_id.as_deref(),
            gen_ai.conversation.id = $of.conversation.as_deref(),
            role = $of.role,
            outcome = $of.outcome.as_str(),
            error.type = $of.error.map(ErrorType::as_str),
            finish_reasons = (!$of.finish_reasons.is_empty()).then(|| tracing::field::display($of.reasons())),
            max_tokens = to_i64($of.max_tokens),
            stream = $of.streamed,
            input_tokens = to_i64($of.input_tokens),
            output_tokens = to_i64($of.output_tokens),
            cached_tokens = to_i64($of.cached_tokens),
            reasoning_tokens = to_i64($of.reasoning_tokens),
            tokens_source = $of.tokens_source.as_str(),
            e2e_ms = millis($of.duration),
            queue_ms = $of.queue.map(millis),
            prefill_ms = $of.prefill.map(millis),
            decode_ms = $of.decode.map(millis),
            ttft_ms = $of.first_token.map(millis),
            tpot_ms = $of.per_token.map(millis),
            itl_max_ms = $of.longest_gap.map(millis),
            reader_away_ms = $of.reader_away.map(millis),
            stall_count = i64::from($of.stalls),
            attempts = i64::from($of.attempts),
            preemptions = i64::from($of.preemptions),
            energy_provisional_j = $of.energy,
            good = $of.good,
            keep_reason = $of.keep_reason.map(KeepReason::as_str),
            sample_rate = $of.keep_reason.map(KeepReason::rate),
            "llm_request_complete"
        )
    };
}

impl RequestCompleteEvent {
    /// Emits the event: at ERROR if the operation failed by a fault of the service, at WARN if an objective was missed,
    /// else at INFO.
    pub(crate) fn write(&self) {
        let served = self.error.is_none_or(|error| error.is_client_fault());
        match self.outcome {
            Outcome::Failed if !served => emit_event!(ERROR, self),
            _ if self.good == Some(false) => emit_event!(WARN, self),
            _ => emit_event!(INFO, self),
        }
    }

    /// Returns the finish reasons of the choices, separated by commas.
    pub(super) fn reasons(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            self.finish_reasons.iter().enumerate().try_for_each(|(place, reason)| {
                let comma = if place == 0 { "" } else { "," };
                write!(f, "{comma}{reason}")
            })
        })
    }
}

/// A single division, so that the result is the double nearest to the exact value.
#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 ns, which is 104 days")]
pub(crate) fn millis(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

pub(crate) fn hex<const N: usize>(bytes: [u8; N]) -> impl fmt::Display {
    fmt::from_fn(move |f| bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")))
}

fn to_i64(number: Option<u64>) -> Option<i64> {
    number.and_then(|number| i64::try_from(number).ok())
}
