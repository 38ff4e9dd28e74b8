//! `llm_request_complete`: one wide event for each operation that ended, with everything that an operator asks of it
//! and no content.

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

/// What is known of an operation that ended. Times are in nanoseconds, absent ones were not measured.
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
    /// Joules, as far as can be said before they are measured.
    pub(crate) energy: Option<f64>,
    /// Whether every objective was met, if any could be judged.
    pub(crate) good: Option<bool>,
    /// None where it is not written.
    pub(crate) keep_reason: Option<KeepReason>,
}

/// Why an event is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KeepReason {
    /// All are.
    All,
    /// It failed.
    Failed,
    /// It missed an objective.
    MissedObjective,
    /// It is one of the good ones, of which this share is written.
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

    /// The share of events like this one that is written.
    pub(crate) const fn rate(self) -> f64 {
        match self {
            Self::Sampled(share) => share,
            _ => 1.0,
        }
    }
}

/// Writes the event at one level. A callsite has one level, so there are three.
macro_rules! emit_event {
    ($level:ident, $of:ident) => {
        tracing::event!(
            name: "llm_request_complete",
            target: TARGET,
            // Not a child of any span: a layer would copy all of it to that span as a span event.
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
    /// Writes it to whoever listens: an error where the service is at fault, a warning where an objective was missed.
    pub(crate) fn write(&self) {
        let served = self.error.is_none_or(|error| error.is_client_fault());
        match self.outcome {
            Outcome::Failed if !served => emit_event!(ERROR, self),
            _ if self.good == Some(false) => emit_event!(WARN, self),
            _ => emit_event!(INFO, self),
        }
    }

    /// The finish reasons of its choices, with commas between.
    pub(super) fn reasons(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            self.finish_reasons.iter().enumerate().try_for_each(|(place, reason)| {
                let comma = if place == 0 { "" } else { "," };
                write!(f, "{comma}{reason}")
            })
        })
    }
}

/// Divided once, so that the digits are those of the nanoseconds.
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
