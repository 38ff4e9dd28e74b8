//! The wide event as one line of JSON, for output that does not pass through a subscriber.

use std::fmt::Write;
use std::time::UNIX_EPOCH;

use super::request_complete::KeepReason;
use super::request_complete::RequestCompleteEvent;
use super::request_complete::hex;
use super::request_complete::millis;
use crate::semconv::value::ErrorType;

impl RequestCompleteEvent {
    /// Appends the event as one line of JSON, with the fields of the event and the time of the end in seconds since
    /// 1970.
    pub(crate) fn write_json(&self, into: &mut String) {
        let mut line = JsonObject { into, fields: 0 };
        let since = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        line.number("timestamp", Some(since.as_secs_f64()));
        line.text("message", Some("llm_request_complete"));
        line.text("trace_id", self.ids.map(|ids| hex(ids.trace_id)));
        line.text("span_id", self.ids.map(|ids| hex(ids.span_id)));
        line.text("gen_ai.operation.name", Some(self.operation.as_str()));
        line.text("gen_ai.provider.name", Some(self.provider.as_str()));
        line.text("gen_ai.request.model", Some(self.model.as_str()));
        line.text("gen_ai.response.model", self.response_model.as_deref());
        line.text("gen_ai.response.id", self.response_id.as_deref());
        line.text("gen_ai.conversation.id", self.conversation.as_deref());
        line.text("role", Some(self.role));
        line.text("outcome", Some(self.outcome.as_str()));
        line.text("error.type", self.error.map(ErrorType::as_str));
        line.text("finish_reasons", (!self.finish_reasons.is_empty()).then(|| self.reasons()));
        line.number("max_tokens", self.max_tokens);
        line.number("stream", Some(self.streamed));
        line.number("input_tokens", self.input_tokens);
        line.number("output_tokens", self.output_tokens);
        line.number("cached_tokens", self.cached_tokens);
        line.number("reasoning_tokens", self.reasoning_tokens);
        line.text("tokens_source", Some(self.tokens_source.as_str()));
        line.number("e2e_ms", Some(millis(self.duration)));
        line.number("queue_ms", self.queue.map(millis));
        line.number("prefill_ms", self.prefill.map(millis));
        line.number("decode_ms", self.decode.map(millis));
        line.number("ttft_ms", self.first_token.map(millis));
        line.number("tpot_ms", self.per_token.map(millis));
        line.number("itl_max_ms", self.longest_gap.map(millis));
        line.number("reader_away_ms", self.reader_away.map(millis));
        line.number("stall_count", Some(self.stalls));
        line.number("attempts", Some(self.attempts));
        line.number("preemptions", Some(self.preemptions));
        // JSON has no infinity and no NaN.
        line.number("energy_provisional_j", self.energy.filter(|joules| joules.is_finite()));
        line.number("good", self.good);
        line.text("keep_reason", self.keep_reason.map(KeepReason::as_str));
        line.number("sample_rate", self.keep_reason.map(KeepReason::rate));
        line.end();
    }
}

/// A JSON object under construction. Field names are fixed and need no escaping.
struct JsonObject<'a> {
    into: &'a mut String,
    fields: usize,
}

impl JsonObject<'_> {
    /// Appends a number or a boolean, which have the same format in JSON and in Rust.
    fn number(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.name(name);
            // Writing to a `String` cannot fail, here and below.
            let _ = write!(self.into, "{value}");
        }
    }

    fn text(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.name(name);
            self.into.push('"');
            let _ = write!(JsonEscaper(self.into), "{value}");
            self.into.push('"');
        }
    }

    fn name(&mut self, name: &str) {
        let before = if self.fields == 0 { '{' } else { ',' };
        self.fields += 1;
        let _ = write!(self.into, "{before}\"{name}\":");
    }

    fn end(self) {
        self.into.push_str("}\n");
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

    fn line(energy: Option<f64>) -> String {
        let event = RequestCompleteEvent {
            at: UNIX_EPOCH,
            ids: None,
            operation: LabelValue::Static("chat"),
            provider: LabelValue::Static("llmobs"),
            model: LabelValue::Static("m"),
            role: "server",
            response_id: None,
            response_model: None,
            conversation: None,
            max_tokens: None,
            streamed: false,
            outcome: Outcome::Completed,
            error: None,
            finish_reasons: FinishReasons::default(),
            input_tokens: None,
            output_tokens: None,
            cached_tokens: None,
            reasoning_tokens: None,
            tokens_source: TokenSource::Counted,
            duration: 0,
            queue: None,
            prefill: None,
            decode: None,
            first_token: None,
            per_token: None,
            longest_gap: None,
            reader_away: None,
            stalls: 0,
            attempts: 1,
            preemptions: 0,
            energy,
            good: None,
            keep_reason: None,
        };
        let mut line = String::new();
        event.write_json(&mut line);
        line
    }

    #[test]
    fn the_provisional_energy_is_written_if_it_is_known_and_finite() {
        let known = line(Some(1.5));
        assert!(known.contains(r#","preemptions":0,"energy_provisional_j":1.5"#), "{known}");
        for unknown in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(!line(unknown).contains("energy_provisional_j"), "{unknown:?}");
        }
    }
}
