//! Answers that were not streamed.

use serde_json::Value;

use super::decoder_state::DecoderSinks;
use super::decoder_state::DecoderState;
use super::dialect::Dialect;
use super::event::Event;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::usage::Usage;

/// What a whole answer says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResponseSummary {
    /// Token usage, cached and reasoning tokens inside the totals. `None` if nothing was reported.
    pub usage: Option<Usage>,
    /// Why each choice ended, in their order.
    pub finish_reasons: Vec<FinishReason>,
    /// `gen_ai.response.id`.
    pub id: Option<String>,
    /// `gen_ai.response.model`.
    pub model: Option<String>,
    /// The type of the error, if the answer is one.
    pub error: Option<ErrorType>,
}

/// Reads a whole answer that was not streamed. `None` if it is no JSON or says none of this.
///
/// ```
/// use llmobs::sse::{Dialect, usage};
/// use llmobs::{FinishReason, Usage};
///
/// let body = br#"{"type":"message","id":"msg_1","model":"claude","stop_reason":"max_tokens",
///     "usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":5}}"#;
/// let body = usage(Dialect::Anthropic, body).unwrap();
/// assert_eq!(body.usage, Some(Usage::new().input(100).cache_read(90).output(5)));
/// assert_eq!(body.finish_reasons, [FinishReason::Length]);
/// ```
#[must_use]
pub fn usage(dialect: Dialect, body: &[u8]) -> Option<ResponseSummary> {
    let mut found = ResponseSummary::default();
    read(
        dialect,
        body,
        &mut DecoderSinks::events(&mut |event| match event {
            Event::Error(error) => {
                found.error.get_or_insert(error);
            }
            Event::FinishReason { reason, .. } => found.finish_reasons.push(reason),
            Event::Id(id) => found.id = Some(id.to_owned()),
            Event::Model(model) => found.model = Some(model.to_owned()),
            Event::Usage(usage) => found.usage = Some(usage),
            Event::Delta { .. } | Event::Done => {}
        }),
    );
    (found != ResponseSummary::default()).then_some(found)
}

/// Reads a whole answer.
pub(super) fn read(dialect: Dialect, body: &[u8], to: &mut DecoderSinks<'_>) {
    let mut state = DecoderState::new(dialect);
    // Gemini's answer is an array where a stream was asked for without `alt=sse`.
    match parse(body) {
        Some(Value::Array(values)) => values.iter().for_each(|value| state.value(value, false, to)),
        Some(value) => state.value(&value, false, to),
        None => {}
    }
}

/// The JSON of a body. Bytes that are no text are replaced.
pub(super) fn parse(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}
