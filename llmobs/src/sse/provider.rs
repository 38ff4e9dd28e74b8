//! The formats of the providers: one file for each, which declares the fields that are read and reports them.

pub(super) mod gemini;

mod anthropic;
mod ollama;
mod openai;
mod openai_usage;
mod reported_cost;
mod responses;
mod totals;

use super::dialect::Dialect;
use super::json::FromJson;
use super::json::Malformed;
use super::json::read_document;
use super::provider_error;
use super::provider_error::ErrorValue;
use super::reporter::Reporter;
use crate::semconv::value::ErrorType;

/// The relation of a frame to the dialect of its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// A frame of the dialect.
    Native,
    /// A keep-alive of the dialect.
    KeepAlive,
    /// JSON without any of the fields by which the dialect's frames are known.
    Foreign,
}

/// A frame of one format.
trait ProviderFrame {
    /// Returns what the frame is, by its fields.
    fn kind(&self) -> FrameKind;

    /// Returns the field `error`.
    fn error(&self) -> &ErrorValue<'_>;

    /// Returns whether the fields of an error are in the frame itself. They never are by default.
    fn is_error(&self) -> bool {
        false
    }

    /// Reports the content and the facts of the frame, without its field `error`.
    fn report(&self, reporter: &mut Reporter<'_, '_>);
}

/// Reads a frame, or a response that was not streamed, which has the same fields. `is_error_event`: whether the SSE
/// event, or the field of its data, was named `error`. Reports nothing if the text is not JSON.
pub(super) fn decode_frame(
    dialect: Dialect,
    json: &[u8],
    is_error_event: bool,
    reporter: &mut Reporter<'_, '_>,
) -> Result<FrameKind, Malformed> {
    match dialect {
        Dialect::Anthropic => decode::<anthropic::Frame<'_>>(json, is_error_event, reporter),
        Dialect::Gemini => decode::<gemini::Frame<'_>>(json, is_error_event, reporter),
        Dialect::Ollama => decode::<ollama::Frame<'_>>(json, is_error_event, reporter),
        Dialect::OpenAi if responses::is_likely(json) => decode::<responses::Frame<'_>>(json, is_error_event, reporter),
        Dialect::OpenAi => {
            let mut frame = openai::Frame::default();
            read_document(json, |reader| frame.read(reader))?;
            if responses::is_event(frame.event) {
                return decode::<responses::Frame<'_>>(json, is_error_event, reporter);
            }
            if responses::is_response(frame.object) {
                return decode::<responses::Response<'_>>(json, is_error_event, reporter);
            }
            Ok(report(&frame, json, is_error_event, reporter))
        }
    }
}

fn decode<'a, F: ProviderFrame + FromJson<'a>>(
    json: &'a [u8],
    is_error_event: bool,
    reporter: &mut Reporter<'_, '_>,
) -> Result<FrameKind, Malformed> {
    let mut frame = F::default();
    // JSON that is not an object has none of the fields.
    read_document(json, |reader| frame.read(reader))?;
    Ok(report(&frame, json, is_error_event, reporter))
}

fn report(frame: &impl ProviderFrame, json: &[u8], is_error_event: bool, reporter: &mut Reporter<'_, '_>) -> FrameKind {
    let kind = frame.kind();
    let in_foreign_frame = || (kind == FrameKind::Foreign).then(|| provider_error::in_foreign_frame(json)).flatten();
    let error = find_error(frame, json, is_error_event).or_else(in_foreign_frame);
    frame.report(reporter);
    if let Some(error) = error {
        reporter.error(error);
    }
    reporter.end_frame();
    if error.is_some() { FrameKind::Native } else { kind }
}

/// Returns the error in the field `error` of a frame, or the error that the frame is.
fn find_error(frame: &impl ProviderFrame, json: &[u8], is_error_event: bool) -> Option<ErrorType> {
    match frame.error().classify() {
        // xAI and TGI have a text as the error, and its code in the frame.
        Some(ErrorType::Upstream) if frame.error().is_text() => Some(provider_error::of_frame(json)),
        None if is_error_event || frame.is_error() => Some(provider_error::of_frame(json)),
        error => error,
    }
}
