//! Detection of errors inside a response. All four dialects use nearly the same fields.

use serde_json::Value;

use super::decoder_state::array_or_empty;
use crate::semconv::value::ErrorType;

/// Returns the error in a frame, if there is one. `is_error_event`: whether the SSE event was named `error`.
pub(super) fn find(value: &Value, is_error_event: bool) -> Option<ErrorType> {
    let error = &value["error"];
    if is_error_value(error) {
        return Some(classify(error));
    }
    // OpenAI's Responses and older vLLM have the error's fields at the top level.
    (is_error_event || value["type"] == "error" || value["object"] == "error").then(|| classify(value)).or_else(|| {
        // OpenRouter reports the error of an interrupted choice in the choice.
        array_or_empty(&value["choices"])
            .iter()
            .map(|choice| &choice["error"])
            .find(|error| is_error_value(error))
            .map(classify)
    })
}

fn is_error_value(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty()) || value.as_object().is_some_and(|object| !object.is_empty())
}

/// Classifies an error object or text. The fields `code`, `type` and `status` are read first, in this order, because
/// the message may quote the prompt. `code` is the most specific: OpenAI uses the type `invalid_request_error` for an
/// invalid key too. Examples: code `content_filter` with type `invalid_request_error` is `ContentFilter`; the HTTP
/// status 401 as `code` is `Authentication`; an unknown error is `Upstream`.
pub(super) fn classify(error: &Value) -> ErrorType {
    if let Some(text) = error.as_str() {
        return from_text(text);
    }
    let codes = ["code", "type", "status"].into_iter().filter_map(|field| error[field].as_str());
    let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    let known = codes.filter_map(ErrorType::from_text).find(|known| *known != ErrorType::Upstream);
    known
        .or_else(|| status.and_then(ErrorType::from_http_status).filter(|known| *known != ErrorType::Upstream))
        .unwrap_or_else(|| from_text(error["message"].as_str().unwrap_or_default()))
}

/// Returns the error type that a text indicates; `Upstream` if unknown.
pub(super) fn from_text(text: &str) -> ErrorType {
    ErrorType::from_text(text).unwrap_or(ErrorType::Upstream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn errors_are_found_in_the_fields_of_all_providers() {
        for (frame, expected) in [
            (json!({"error": {"message": "oops", "type": "server_error"}}), ErrorType::Upstream),
            (json!({"error": {"code": 429, "message": "slow down"}}), ErrorType::RateLimited),
            (json!({"error": {"code": 503, "status": "UNAVAILABLE"}}), ErrorType::Overloaded),
            (
                json!({"error": {"type": "InternalServerError", "message": "CUDA out of memory"}}),
                ErrorType::OutOfMemory,
            ),
            (json!({"error": "model requires more memory: out of memory"}), ErrorType::OutOfMemory),
            (json!({"type": "error", "error": {"type": "overloaded_error"}}), ErrorType::Overloaded),
            (json!({"type": "error", "code": "rate_limit_exceeded"}), ErrorType::RateLimited),
            (json!({"error": {"type": "invalid_request_error", "code": "invalid_api_key"}}), ErrorType::Authentication),
            (json!({"error": {"type": "invalid_request_error", "code": "content_filter"}}), ErrorType::ContentFilter),
            (json!({"object": "error", "type": "BadRequestError", "code": 400}), ErrorType::InvalidRequest),
            (json!({"choices": [{"error": {"code": 401}}]}), ErrorType::Authentication),
        ] {
            assert_eq!(find(&frame, false), Some(expected), "{frame}");
        }
        assert_eq!(find(&json!({"code": 500}), true), Some(ErrorType::Upstream));
    }

    #[test]
    fn a_missing_or_empty_error_is_none() {
        for frame in [json!({"error": null}), json!({"error": ""}), json!({"error": {}}), json!({}), json!(3)] {
            assert_eq!(find(&frame, false), None, "{frame}");
        }
    }

    #[test]
    fn a_known_type_takes_precedence_over_the_message() {
        let error = json!({"type": "invalid_request_error", "message": "prompt: why does rate_limit time out?"});
        assert_eq!(classify(&error), ErrorType::InvalidRequest);
    }
}
