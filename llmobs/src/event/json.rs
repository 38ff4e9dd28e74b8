//! The wide event as one line of JSON, for output that does not pass through a subscriber.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use super::request_complete::KeepReason;
use super::request_complete::RequestCompleteEvent;
use super::request_complete::nanos_to_millis;
use super::request_complete::to_hex;
use crate::semconv::value::ErrorType;

impl RequestCompleteEvent {
    /// Appends the event as one line of JSON, with the fields of the event and the time of the end in seconds since
    /// 1970.
    pub(crate) fn write_json(&self, out: &mut String) {
        let mut line = JsonObject { out, fields: 0 };
        let since_epoch = self.ended_at.duration_since(UNIX_EPOCH).unwrap_or_default();
        line.number("timestamp", Some(since_epoch.as_secs_f64()));
        line.string("message", Some("llm_request_complete"));
        line.string("trace_id", self.trace_ids.map(|ids| to_hex(ids.trace_id)));
        line.string("span_id", self.trace_ids.map(|ids| to_hex(ids.span_id)));
        line.string("gen_ai.operation.name", Some(self.operation.as_str()));
        line.string("gen_ai.provider.name", Some(self.provider.as_str()));
        line.string("gen_ai.request.model", Some(self.model.as_str()));
        line.string("gen_ai.response.model", self.response_model.as_deref());
        line.string("gen_ai.response.id", self.response_id.as_deref());
        line.string("gen_ai.conversation.id", self.conversation_id.as_deref());
        line.string("role", Some(self.role));
        line.string("outcome", Some(self.outcome.as_str()));
        line.string("error.type", self.error_type.map(ErrorType::as_str));
        line.string("finish_reasons", (!self.finish_reasons.is_empty()).then(|| self.joined_finish_reasons()));
        line.number("max_tokens", self.max_tokens);
        line.number("stream", Some(self.is_streamed));
        line.number("input_tokens", self.input_tokens);
        line.number("output_tokens", self.output_tokens);
        line.number("cached_tokens", self.cached_tokens);
        line.number("reasoning_tokens", self.reasoning_tokens);
        line.string("tokens_source", Some(self.token_source.as_str()));
        line.number("e2e_ms", Some(nanos_to_millis(self.duration)));
        line.number("queue_ms", self.queue_time.map(nanos_to_millis));
        line.number("prefill_ms", self.prefill_time.map(nanos_to_millis));
        line.number("decode_ms", self.decode_time.map(nanos_to_millis));
        line.number("ttft_ms", self.time_to_first_token.map(nanos_to_millis));
        line.number("tpot_ms", self.time_per_output_token.map(nanos_to_millis));
        line.number("itl_max_ms", self.longest_gap.map(nanos_to_millis));
        line.number("reader_away_ms", self.consumer_wait.map(nanos_to_millis));
        line.number("stall_count", Some(self.stalls));
        line.number("attempts", Some(self.attempts));
        line.number("preemptions", Some(self.preemptions));
        // JSON has no infinity and no NaN.
        line.number("energy_provisional_j", self.provisional_energy.filter(|joules| joules.is_finite()));
        line.number("good", self.is_good);
        line.string("keep_reason", self.keep_reason.map(KeepReason::as_str));
        line.number("sample_rate", self.keep_reason.map(KeepReason::sample_rate));
        line.finish();
    }
}

/// A JSON object under construction. Field names are fixed and need no escaping.
struct JsonObject<'a> {
    out: &'a mut String,
    fields: usize,
}

impl JsonObject<'_> {
    /// Appends a number or a boolean, which have the same format in JSON and in Rust.
    fn number(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.key(name);
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(self.out, "{value}");
        }
    }

    fn string(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.key(name);
            self.out.push('"');
            let _ = write!(JsonEscaper(self.out), "{value}");
            self.out.push('"');
        }
    }

    fn key(&mut self, name: &str) {
        let separator = if self.fields == 0 { '{' } else { ',' };
        self.fields += 1;
        let _ = write!(self.out, "{separator}\"{name}\":");
    }

    fn finish(self) {
        self.out.push_str("}\n");
    }
}

/// A writer that escapes text for use inside a JSON string.
struct JsonEscaper<'a>(&'a mut String);

impl Write for JsonEscaper<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for character in text.chars() {
            match character {
                '"' | '\\' => self.0.extend(['\\', character]),
                control if control.is_control() => write!(self.0, "\\u{:04x}", u32::from(control))?,
                other => self.0.push(other),
            }
        }
        Ok(())
    }
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
        event.write_json(&mut line);
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
