//! The wide event as one line of JSON, for output that does not pass through a subscriber.

use std::time::UNIX_EPOCH;

use super::request_complete::KeepReason;
use super::request_complete::RequestCompleteEvent;
use super::request_complete::nanos_to_millis;
use crate::json::JsonObject;
use crate::measurement::TraceLink;
use crate::semconv::value::ErrorType;

/// Appends the event as one line of JSON, with the fields of the event and the time of the end in seconds since
/// 1970.
pub(crate) fn write_json(event: &RequestCompleteEvent, out: &mut String) {
    let mut line = JsonObject::new(out);
    let since_epoch = event.ended_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    line.number("timestamp", Some(since_epoch.as_secs_f64()));
    line.string("message", Some("llm_request_complete"));
    line.string("trace_id", event.trace_ids.map(TraceLink::trace_id_hex));
    line.string("span_id", event.trace_ids.map(TraceLink::span_id_hex));
    line.string("gen_ai.operation.name", Some(event.operation.as_str()));
    line.string("gen_ai.provider.name", Some(event.provider.as_str()));
    line.string("gen_ai.request.model", Some(event.model.as_str()));
    line.string("gen_ai.response.model", event.response_model.as_deref());
    line.string("gen_ai.response.id", event.response_id.as_deref());
    line.string("gen_ai.conversation.id", event.conversation_id.as_deref());
    line.string("role", Some(event.role));
    line.string("outcome", Some(event.outcome.as_str()));
    line.string("error.type", event.error_type.map(ErrorType::as_str));
    line.string("finish_reasons", (!event.finish_reasons.is_empty()).then(|| event.joined_finish_reasons()));
    line.number("max_tokens", event.max_tokens);
    line.number("stream", Some(event.is_streamed));
    line.number("input_tokens", event.input_tokens);
    line.number("output_tokens", event.output_tokens);
    line.number("cached_tokens", event.cached_tokens);
    line.number("reasoning_tokens", event.reasoning_tokens);
    line.string("tokens_source", Some(event.token_source.as_str()));
    line.number("e2e_ms", Some(nanos_to_millis(event.duration)));
    line.number("queue_ms", event.queue_time.map(nanos_to_millis));
    line.number("prefill_ms", event.prefill_time.map(nanos_to_millis));
    line.number("decode_ms", event.decode_time.map(nanos_to_millis));
    line.number("ttft_ms", event.time_to_first_token.map(nanos_to_millis));
    line.number("tpot_ms", event.time_per_output_token.map(nanos_to_millis));
    line.number("itl_max_ms", event.longest_gap.map(nanos_to_millis));
    line.number("reader_away_ms", event.consumer_wait.map(nanos_to_millis));
    line.number("stall_count", Some(event.stalls));
    line.number("attempts", Some(event.attempts));
    line.number("preemptions", Some(event.preemptions));
    // JSON has no infinity and no NaN.
    line.number("energy_provisional_j", event.provisional_energy.filter(|joules| joules.is_finite()));
    line.number("good", event.is_good);
    line.string("keep_reason", event.keep_reason.map(KeepReason::as_str));
    line.number("sample_rate", event.keep_reason.map(KeepReason::sample_rate));
    line.finish();
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::FinishReasons;
    use crate::measurement::LabelValue;
    use crate::semconv::value::Outcome;
    use crate::semconv::value::TokenSource;

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
            is_good: None,
            keep_reason: None,
        };
        let mut line = String::new();
        write_json(&event, &mut line);
        line
    }

    #[test]
    fn the_provisional_energy_is_written_if_it_is_known_and_finite() {
        let known = event_json(Some(1.5));
        assert!(known.contains(r#","preemptions":0,"energy_provisional_j":1.5"#), "{known}");
        for unknown in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(!event_json(unknown).contains("energy_provisional_j"), "{unknown:?}");
        }
    }
}
