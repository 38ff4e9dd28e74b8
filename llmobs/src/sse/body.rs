//! Responses that were not streamed.

use super::dialect::Dialect;
use super::event::Event;
use super::framing::BYTE_ORDER_MARK;
use super::json::Reader;
use super::json::read_document;
use super::response_decoder::ResponseDecoder;
use super::sinks::DecoderSinks;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::usage::Usage;

/// The usage, finish reasons, names and error of a response that was not streamed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ResponseSummary {
    /// The token usage; the totals include cached and reasoning tokens. `None` if no usage was reported.
    pub usage: Option<Usage>,
    /// The finish reasons of the choices, in the order of the response.
    pub finish_reasons: Vec<FinishReason>,
    /// The id of the response (`gen_ai.response.id`).
    pub id: Option<String>,
    /// The model that answered (`gen_ai.response.model`).
    pub model: Option<String>,
    /// The type of the error, if the response contains one. The first error is kept.
    pub error: Option<ErrorType>,
}

/// Reads a response that was not streamed. Returns `None` if the body is not JSON or contains none of the fields of
/// [`ResponseSummary`].
///
/// ```
/// use llmobs::sse::{Dialect, parse_response};
/// use llmobs::{FinishReason, Usage};
///
/// let body = br#"{"type":"message","id":"msg_1","model":"claude","stop_reason":"max_tokens",
///     "usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":5}}"#;
/// let body = parse_response(Dialect::Anthropic, body).unwrap();
/// assert_eq!(body.usage, Some(Usage::new().input(100).cache_read(90).output(5)));
/// assert_eq!(body.finish_reasons, [FinishReason::Length]);
/// ```
#[must_use]
pub fn parse_response(dialect: Dialect, body: &[u8]) -> Option<ResponseSummary> {
    let mut summary = ResponseSummary::default();
    decode_body(
        dialect,
        body,
        &mut DecoderSinks::events_only(&mut |event| match event {
            Event::Error(error) => {
                summary.error.get_or_insert(error);
            }
            Event::FinishReason { reason, .. } => summary.finish_reasons.push(reason),
            Event::Id(id) => summary.id = Some(id.to_owned()),
            Event::Model(model) => summary.model = Some(model.to_owned()),
            Event::Usage(usage) => summary.usage = Some(usage),
            Event::Delta { .. } | Event::Done => {}
        }),
    );
    (summary != ResponseSummary::default()).then_some(summary)
}

/// Decodes a whole response, one that was not streamed, and passes its events and content to the sinks. A body that is
/// not JSON has no effect.
pub(super) fn decode_body(dialect: Dialect, body: &[u8], sinks: &mut DecoderSinks<'_>) {
    let body = trim_body(body);
    let mut decoder = ResponseDecoder::new(dialect);
    if !body.starts_with(b"[") {
        // Fails only if the body is not JSON. In this case nothing was reported.
        let _ = decoder.decode_json(body, false, sinks);
        return;
    }
    // Gemini answers a streaming request without `alt=sse` with an array. Its syntax is checked before its items are
    // decoded.
    if read_document(body, Reader::skip).is_ok() {
        let _ = read_document(body, |reader| {
            reader.array(|reader| {
                let item = reader.raw()?;
                decoder.decode_json(item, false, sinks)
            })
        });
    }
}

/// Returns a body without the white space around it and without a byte order mark.
pub(super) fn trim_body(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii_start();
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii()
}
