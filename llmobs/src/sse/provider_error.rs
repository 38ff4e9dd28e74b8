//! Classification of errors inside a response. All dialects use nearly the same fields.

use super::json::FromJson;
use super::json::List;
use super::json::Malformed;
use super::json::Reader;
use super::json::Text;
use super::json::Value;
use super::json::is_empty_container;
use super::json::json_object;
use super::json::read_document;
use crate::semconv::value::ErrorType;

/// The value of a field `error`.
#[derive(Debug, Clone, Default)]
pub(super) enum ErrorValue<'a> {
    /// No error: the value is missing, null or empty.
    #[default]
    None,
    Text(Text<'a>),
    Object(Box<ErrorObject<'a>>),
}

json_object! {
    /// The fields of an error that are read. The message is classified last, because it may quote the prompt.
    pub(super) struct ErrorObject<'a> {
        code: Value<'a> = b"code",
        kind: Value<'a> = b"type",
        status: Value<'a> = b"status",
        /// The HTTP status of Groq, OpenRouter and MiniMax.
        status_code: Value<'a> = b"status_code",
        http_status: Value<'a> = b"http_status",
        http_code: Value<'a> = b"http_code",
        /// The HTTP status of Mistral.
        raw_status_code: Value<'a> = b"raw_status_code",
        /// The type of OpenRouter's own errors.
        error_type: Text<'a> = b"error_type",
        message: Text<'a> = b"message",
        details: List<'a, ErrorDetail<'a>> = b"details",
        metadata: ErrorMetadata<'a> = b"metadata",
    }

    /// A detail of an error of Google's APIs.
    pub(super) struct ErrorDetail<'a> {
        reason: Text<'a> = b"reason",
    }

    /// OpenRouter's facts about the error of the provider behind it.
    pub(super) struct ErrorMetadata<'a> {
        error_type: Text<'a> = b"error_type",
    }
}

impl ErrorValue<'_> {
    pub(super) const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Returns whether the error is a text, so that its code may be beside it.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns the type of the error; `None` if there is no error.
    pub(super) fn classify(&self) -> Option<ErrorType> {
        match self {
            Self::None => None,
            Self::Text(text) => Some(from_text(&text.to_str())),
            Self::Object(error) => Some(error.classify()),
        }
    }
}

impl<'a> FromJson<'a> for ErrorValue<'a> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool, Malformed> {
        if reader.peek() == Some(b'{') {
            let mut error = Box::<ErrorObject<'_>>::default();
            let (_, text) = reader.with_text(|reader| error.read(reader))?;
            let is_empty = is_empty_container(text);
            *self = if is_empty { Self::None } else { Self::Object(error) };
            return Ok(!is_empty);
        }
        let text = reader.string()?.filter(|text| !text.is_empty());
        *self = text.map_or(Self::None, Self::Text);
        Ok(text.is_some())
    }
}

impl ErrorObject<'_> {
    /// Classifies the error. The details are the most specific, then `code`: OpenAI uses the type
    /// `invalid_request_error` for an invalid key too. A code or status may be an HTTP status, as a number or as text.
    /// Examples: code `content_filter` with type `invalid_request_error` is `ContentFilter`; the HTTP status 401 as
    /// `code` is `Authentication`; Google's reason `API_KEY_INVALID` with status 400 is `Authentication`; an unknown
    /// error is `Upstream`.
    fn classify(&self) -> ErrorType {
        let mut known = None;
        self.details.for_each(|detail| known = known.or_else(|| known_word(detail.reason)));
        let words = [self.code, self.kind, self.status].map(Value::text);
        let words = words.into_iter().chain([self.error_type, self.metadata.error_type]);
        let statuses =
            [self.code, self.status, self.status_code, self.http_status, self.http_code, self.raw_status_code];
        let statuses = statuses.map(Value::text);
        known
            .or_else(|| words.into_iter().find_map(known_word))
            .or_else(|| statuses.into_iter().find_map(http_status))
            .unwrap_or_else(|| from_text(&self.message.to_str()))
    }
}

/// Returns the type of an error whose fields are at the top level of a frame, as in OpenAI's Responses and in older
/// versions of vLLM.
pub(super) fn of_frame(json: &[u8]) -> ErrorType {
    read_frame(json).map_or(ErrorType::Upstream, |error| error.classify())
}

/// Returns the error of a frame that consists of a code and a message, as some servers send it; `None` for another
/// frame.
pub(super) fn in_foreign_frame(json: &[u8]) -> Option<ErrorType> {
    let error = read_frame(json).filter(|error| error.code.is_some() && !error.message.is_empty());
    error.map(|error| error.classify())
}

/// Reads the fields of an error from a frame; `None` if the frame is not an object.
fn read_frame(json: &[u8]) -> Option<ErrorObject<'_>> {
    let mut error = ErrorObject::default();
    let is_object = read_document(json, |reader| error.read(reader)) == Ok(true);
    is_object.then_some(error)
}

/// Returns the error type that a text indicates; `Upstream` if unknown.
pub(super) fn from_text(text: &str) -> ErrorType {
    ErrorType::from_text(text).unwrap_or(ErrorType::Upstream)
}

/// Returns the error type of a code or type; `None` if it is not known, or known only as a failure of the upstream.
fn known_word(word: Text<'_>) -> Option<ErrorType> {
    ErrorType::from_text(&word.to_str()).filter(|known| *known != ErrorType::Upstream)
}

/// Returns the error type of a code that is an HTTP status.
fn http_status(code: Text<'_>) -> Option<ErrorType> {
    let status = code.to_str().parse().ok().filter(|status| (400..600).contains(status))?;
    ErrorType::from_http_status(status).filter(|known| *known != ErrorType::Upstream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classify(error: &str) -> Option<ErrorType> {
        let mut value = ErrorValue::default();
        read_document(error.as_bytes(), |reader| value.read(reader)).unwrap();
        value.classify()
    }

    #[test]
    fn errors_are_classified_by_the_fields_of_all_providers() {
        for (error, expected) in [
            (r#"{"message": "oops", "type": "server_error"}"#, ErrorType::Upstream),
            (r#"{"code": 429, "message": "slow down"}"#, ErrorType::RateLimited),
            (r#"{"code": "429", "type": "throttling_error"}"#, ErrorType::RateLimited),
            (r#"{"code": "401", "message": "Access denied"}"#, ErrorType::Authentication),
            (r#"{"status": 401, "message": "Access denied"}"#, ErrorType::Authentication),
            (r#"{"code": 503, "status": "UNAVAILABLE"}"#, ErrorType::Overloaded),
            (r#"{"type": "InternalServerError", "message": "CUDA out of memory"}"#, ErrorType::OutOfMemory),
            (r#""model requires more memory: out of memory""#, ErrorType::OutOfMemory),
            (r#"{"type": "overloaded_error"}"#, ErrorType::Overloaded),
            (r#"{"type": "invalid_request_error", "code": "invalid_api_key"}"#, ErrorType::Authentication),
            (r#"{"type": "invalid_request_error", "code": "content_filter"}"#, ErrorType::ContentFilter),
            (
                r#"{"code": 400, "status": "INVALID_ARGUMENT", "details": [{"x": 1}, {"reason": "API_KEY_INVALID"}]}"#,
                ErrorType::Authentication,
            ),
            (r#"{"code": 502, "metadata": {"error_type": "rate_limit_exceeded"}}"#, ErrorType::RateLimited),
        ] {
            assert_eq!(classify(error), Some(expected), "{error}");
        }
        assert_eq!(of_frame(br#"{"type": "error", "code": "rate_limit_exceeded"}"#), ErrorType::RateLimited);
        assert_eq!(
            of_frame(br#"{"object": "error", "type": "BadRequestError", "code": 400}"#),
            ErrorType::InvalidRequest
        );
        assert_eq!(of_frame(br#"{"code": 500}"#), ErrorType::Upstream);
        let foreign = br#"{"code": 1302, "message": "too many requests"}"#;
        assert_eq!(in_foreign_frame(foreign), Some(ErrorType::RateLimited));
        assert_eq!(in_foreign_frame(br#"{"code": 1302}"#), None);
    }

    #[test]
    fn a_missing_or_empty_error_is_none() {
        for error in ["null", "\"\"", "{}", "{ }", "3", "[]"] {
            assert_eq!(classify(error), None, "{error}");
        }
    }

    #[test]
    fn a_known_type_takes_precedence_over_the_message() {
        let error = r#"{"type": "invalid_request_error", "message": "prompt: why does rate_limit time out?"}"#;
        assert_eq!(classify(error), Some(ErrorType::InvalidRequest));
    }
}
