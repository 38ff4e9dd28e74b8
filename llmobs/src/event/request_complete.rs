//! `llm_request_complete`: one wide event for each operation that ended, with its labels, times and token counts, and
//! without content.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

#[cfg(feature = "serde")]
use serde::ser::SerializeMap;
use tracing::field::display;

use super::cost_fields::CostFields;
#[cfg(feature = "serde")]
use super::fields::serialize_fields;
use super::fields::write_json_fields;
use crate::catalog::Role;
use crate::clock::nanos_to_seconds;
use crate::json::JsonObject;
use crate::measurement::FinishReasons;
use crate::measurement::LabelValue;
use crate::measurement::RecordId;
use crate::measurement::TraceLink;
use crate::number::to_i64;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::semconv::value::TokenSource;
use crate::span::TARGET;
use crate::text::display_fn;
use crate::usage::SupersededTokens;

/// The data of an operation that ended. Times are in nanoseconds; `None` was not measured.
#[derive(Debug, Clone)]
pub(crate) struct RequestCompleteEvent {
    /// The id of the operation in its record; `None` if the application receives no records.
    pub(crate) record_id: Option<RecordId>,
    pub(crate) ended_at: SystemTime,
    pub(crate) trace_ids: Option<TraceLink>,
    pub(crate) operation: LabelValue,
    pub(crate) provider: LabelValue,
    pub(crate) model: LabelValue,
    pub(crate) role: Role,
    /// The tenant, if the application chose that log events contain it.
    pub(crate) tenant: Option<Arc<str>>,
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
    pub(crate) cache_write_tokens: Option<u64>,
    pub(crate) reasoning_tokens: Option<u64>,
    /// The source of the output tokens.
    pub(crate) token_source: TokenSource,
    pub(crate) input_token_source: TokenSource,
    /// The tokens of superseded attempts, which the numbers above do not contain.
    pub(crate) superseded: SupersededTokens,
    pub(crate) duration: u64,
    pub(crate) queue_time: Option<u64>,
    pub(crate) prefill_time: Option<u64>,
    pub(crate) decode_time: Option<u64>,
    pub(crate) time_to_first_token: Option<u64>,
    pub(crate) time_to_first_chunk: Option<u64>,
    pub(crate) time_per_output_token: Option<u64>,
    pub(crate) longest_gap: Option<u64>,
    pub(crate) consumer_wait: Option<u64>,
    pub(crate) stalls: u16,
    pub(crate) attempts: u16,
    pub(crate) preemptions: u32,
    pub(crate) cost: CostFields,
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
            // The profiles of the conventions have different names for it.
            [llmobs.token.cache_write] $event.cache_write_tokens.and_then(to_i64),
            [gen_ai.usage.reasoning.output_tokens] $event.reasoning_tokens.and_then(to_i64),
            [llmobs.token.source] Some($event.token_source.as_str()),
            [llmobs.token.input_source] $event.input_tokens.map(|_| $event.input_token_source.as_str()),
            [llmobs.token.superseded.input] $event.superseded.known_input().and_then(to_i64),
            [llmobs.token.superseded.output] $event.superseded.known_output().and_then(to_i64),
            [llmobs.record.id] $event.record_id.map(display),
            [llmobs.role] Some($event.role.as_str()),
            [llmobs.tenant.name] $event.tenant.as_deref(),
            [llmobs.operation.outcome] Some($event.outcome.as_str()),
            [error.type] $event.error_type.map(ErrorType::as_str),
            // The conventions do not allow a string for `gen_ai.response.finish_reasons`.
            [llmobs.finish_reasons] (!$event.finish_reasons.is_empty()).then(|| display($event.joined_finish_reasons())),
            [llmobs.operation.duration] Some(nanos_to_seconds($event.duration)),
            [llmobs.queue.duration] $event.queue_time.map(nanos_to_seconds),
            [llmobs.prefill.duration] $event.prefill_time.map(nanos_to_seconds),
            [llmobs.decode.duration] $event.decode_time.map(nanos_to_seconds),
            [llmobs.time_to_first_token] $event.time_to_first_token.map(nanos_to_seconds),
            [gen_ai.response.time_to_first_chunk] $event.time_to_first_chunk.map(nanos_to_seconds),
            [llmobs.time_per_output_token] $event.time_per_output_token.map(nanos_to_seconds),
            [llmobs.operation.longest_gap.duration] $event.longest_gap.map(nanos_to_seconds),
            [llmobs.consumer_wait.duration] $event.consumer_wait.map(nanos_to_seconds),
            [llmobs.operation.stalls] Some(i64::from($event.stalls)),
            [llmobs.operation.attempts] Some(i64::from($event.attempts)),
            [llmobs.operation.preemptions] Some(i64::from($event.preemptions)),
            [llmobs.operation.energy.provisional] $event.provisional_energy,
            [llmobs.cost.usd] $event.cost.dollars(),
            // A double does not hold every sum of costs exactly, and a number of JSON often is one; integers up to 2^53 are.
            [llmobs.cost.nano_usd] $event.cost.nano_dollars(),
            [llmobs.cost.superseded.nano_usd] $event.cost.superseded_nano_dollars(),
            [llmobs.cost.source] $event.cost.source(),
            [llmobs.cost.quality] $event.cost.quality(),
            [llmobs.cost.unpriced] $event.cost.unpriced(),
            [llmobs.pricebook.version] $event.cost.version(),
            [llmobs.late_tokens_possible] $event.late_tokens_possible.then_some(true),
            [llmobs.objective.result] $event.is_good.map(|is_good| if is_good { "good" } else { "bad" }),
            [llmobs.log.reason] $event.keep_reason.map(KeepReason::as_str),
            [llmobs.log.ratio] $event.keep_reason.map(KeepReason::sample_rate),
        }
    };
}

/// The fields of a line of JSON before those of the event: the time of the end in seconds since 1970, and the name.
macro_rules! with_line_fields {
    ($use:ident!($($argument:tt)*), $event:ident) => {
        $use! {
            $($argument)*
            [timestamp] Some(seconds_since_epoch($event.ended_at)),
            [message] Some("llm_request_complete"),
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
        self.write_fields(&mut line);
        line.finish();
        out.push('\n');
    }

    /// Appends the fields of such a line to an object.
    pub(crate) fn write_fields(&self, object: &mut JsonObject<'_>) {
        with_line_fields!(write_json_fields!(object), self);
        with_fields!(write_json_fields!(object), self);
    }

    /// Appends the same fields to a map of serde.
    #[cfg(feature = "serde")]
    pub(crate) fn serialize_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        with_line_fields!(serialize_fields!(map), self);
        with_fields!(serialize_fields!(map), self);
        Ok(())
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

/// Returns the seconds from 1970 to a date.
pub(crate) fn seconds_since_epoch(date: SystemTime) -> f64 {
    date.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event_json(provisional_energy: Option<f64>) -> String {
        let event = RequestCompleteEvent {
            record_id: None,
            ended_at: UNIX_EPOCH,
            trace_ids: None,
            operation: LabelValue::Static("chat"),
            provider: LabelValue::Static("llmobs"),
            model: LabelValue::Static("m"),
            role: Role::Server,
            tenant: None,
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
            cache_write_tokens: None,
            reasoning_tokens: None,
            token_source: TokenSource::Counted,
            input_token_source: TokenSource::Reported,
            superseded: SupersededTokens::default(),
            duration: 0,
            queue_time: None,
            prefill_time: None,
            decode_time: None,
            time_to_first_token: None,
            time_to_first_chunk: None,
            time_per_output_token: None,
            longest_gap: None,
            consumer_wait: None,
            stalls: 0,
            attempts: 1,
            preemptions: 0,
            cost: CostFields::default(),
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
