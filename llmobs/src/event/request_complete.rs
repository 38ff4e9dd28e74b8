//! `llm_request_complete`: one wide event for each operation that ended, with its labels, times and token counts, and
//! without content.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use tracing::field::display;

use super::fields::write_json_fields;
use crate::clock::nanos_to_seconds;
use crate::json::JsonObject;
use crate::measurement::FinishReasons;
use crate::measurement::LabelValue;
use crate::measurement::TraceLink;
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
    /// True if the operation was cancelled, and its producer may report tokens that it generates after the end.
    pub(crate) late_tokens_possible: bool,
    /// True if every objective that judged the operation was met; `None` if none judged it.
    pub(crate) is_good: Option<bool>,
    /// The reason for which the event is emitted; `None` if it is not emitted.
    pub(crate) keep_reason: Option<KeepReason>,
}

/// The reason for which an event is emitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum KeepReason {
    /// Every event is emitted.
    All,
    /// The operation failed or was rejected.
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

/// The fields of the event, passed to the macro `$use`. Times are in seconds.
macro_rules! with_fields {
    ($use:ident!($($argument:tt)*), $event:ident) => {
        $use! {
            $($argument)*
            [trace_id] $event.trace_ids.map(|ids| display(ids.trace_id_hex())),
            [span_id] $event.trace_ids.map(|ids| display(ids.span_id_hex())),
            [gen_ai.operation.name] Some($event.operation.as_str()),
            [gen_ai.provider.name] Some($event.provider.as_str()),
            [gen_ai.request.model] Some($event.model.as_str()),
            [gen_ai.request.max_tokens] $event.max_tokens.and_then(to_i64),
            [gen_ai.request.stream] Some($event.is_streamed),
            [gen_ai.response.model] $event.response_model.as_deref(),
            [gen_ai.response.id] $event.response_id.as_deref(),
            [gen_ai.conversation.id] $event.conversation_id.as_deref(),
            [gen_ai.usage.input_tokens] $event.input_tokens.and_then(to_i64),
            [gen_ai.usage.output_tokens] $event.output_tokens.and_then(to_i64),
            [gen_ai.usage.cache_read.input_tokens] $event.cached_tokens.and_then(to_i64),
            [gen_ai.usage.reasoning.output_tokens] $event.reasoning_tokens.and_then(to_i64),
            [llmobs.token.source] Some($event.token_source.as_str()),
            [llmobs.role] Some($event.role),
            [llmobs.operation.outcome] Some($event.outcome.as_str()),
            [error.type] $event.error_type.map(ErrorType::as_str),
            // The conventions do not allow a string for `gen_ai.response.finish_reasons`.
            [llmobs.finish_reasons] (!$event.finish_reasons.is_empty()).then(|| display($event.joined_finish_reasons())),
            [llmobs.operation.duration] Some(nanos_to_seconds($event.duration)),
            [llmobs.queue.duration] $event.queue_time.map(nanos_to_seconds),
            [llmobs.prefill.duration] $event.prefill_time.map(nanos_to_seconds),
            [llmobs.decode.duration] $event.decode_time.map(nanos_to_seconds),
            [llmobs.time_to_first_token] $event.time_to_first_token.map(nanos_to_seconds),
            [llmobs.time_per_output_token] $event.time_per_output_token.map(nanos_to_seconds),
            [llmobs.operation.longest_gap.duration] $event.longest_gap.map(nanos_to_seconds),
            [llmobs.consumer_wait.duration] $event.consumer_wait.map(nanos_to_seconds),
            [llmobs.operation.stalls] Some(i64::from($event.stalls)),
            [llmobs.operation.attempts] Some(i64::from($event.attempts)),
            [llmobs.operation.preemptions] Some(i64::from($event.preemptions)),
            [llmobs.operation.energy.provisional] $event.provisional_energy,
            [llmobs.late_tokens_possible] $event.late_tokens_possible.then_some(true),
            [llmobs.objective.result] $event.is_good.map(|is_good| if is_good { "good" } else { "bad" }),
            [llmobs.log.reason] $event.keep_reason.map(KeepReason::as_str),
            [llmobs.log.ratio] $event.keep_reason.map(KeepReason::sample_rate),
        }
    };
}

/// Emits the event at one level: a `tracing` callsite has a fixed level.
macro_rules! emit_event {
    ($level:ident $([$($name:ident).+] $value:expr,)+) => {
        tracing::event!(
            name: "llm_request_complete",
            target: TARGET,
            // Without a parent, because a layer would copy the whole event to the parent span as a span event.
            parent: None,
            tracing::Level::$level,
            $($($name).+ = $value,)+
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
            Outcome::Failed if !no_service_fault => with_fields!(emit_event!(ERROR), self),
            _ if self.is_good == Some(false) => with_fields!(emit_event!(WARN), self),
            _ => with_fields!(emit_event!(INFO), self),
        }
    }

    /// Appends the event as one line of JSON, with the time of the end in seconds since 1970. For output that does not
    /// pass through a subscriber.
    pub(crate) fn write_json(&self, out: &mut String) {
        let mut line = JsonObject::new(out);
        let since_epoch = self.ended_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        line.number("timestamp", Some(since_epoch.as_secs_f64()));
        line.string("message", Some("llm_request_complete"));
        with_fields!(write_json_fields!(line), self);
        line.finish();
        out.push('\n');
    }

    /// Returns the finish reasons of the choices, separated by commas.
    fn joined_finish_reasons(&self) -> impl fmt::Display {
        display_fn(|f| {
            self.finish_reasons.iter().enumerate().try_for_each(|(index, reason)| {
                let comma = if index == 0 { "" } else { "," };
                write!(f, "{comma}{reason}")
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_json(provisional_energy: Option<f64>) -> String {
        let event = RequestCompleteEvent {
            ended_at: UNIX_EPOCH,
            trace_ids: None,
            operation: LabelValue::Static("chat"),
            provider: LabelValue::Static("llmobs"),
            model: LabelValue::Static("m"),
            role: "server",
            response_id: None,
            response_model: None,
            conversation_id: None,
            max_tokens: None,
            is_streamed: false,
            outcome: Outcome::Completed,
            error_type: None,
            finish_reasons: FinishReasons::default(),
            input_tokens: None,
            output_tokens: None,
            cached_tokens: None,
            reasoning_tokens: None,
            token_source: TokenSource::Counted,
            duration: 0,
            queue_time: None,
            prefill_time: None,
            decode_time: None,
            time_to_first_token: None,
            time_per_output_token: None,
            longest_gap: None,
            consumer_wait: None,
            stalls: 0,
            attempts: 1,
            preemptions: 0,
            provisional_energy,
            late_tokens_possible: false,
            is_good: None,
            keep_reason: None,
        };
        let mut line = String::new();
        event.write_json(&mut line);
        line
    }

    #[test]
    fn the_provisional_energy_is_written_if_it_is_known_and_finite() {
        let known = event_json(Some(1.5));
        assert!(
            known.contains(r#","llmobs.operation.preemptions":0,"llmobs.operation.energy.provisional":1.5"#),
            "{known}"
        );
        for unknown in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(!event_json(unknown).contains("llmobs.operation.energy.provisional"), "{unknown:?}");
        }
    }
}
