//! Responses of OTLP over HTTP.

use std::time::Duration;

use http::HeaderMap;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::Response;
use hyper::body::Incoming;

use super::ErrorCause;
use super::ExportError;
use super::ExportResponse;
use super::MAX_RESPONSE_BYTES;
use super::Retry;

pub(super) async fn decode_response(response: Response<Incoming>) -> Result<ExportResponse, ExportError> {
    let status = response.status();
    if !status.is_success() {
        // The body of an error response is not read.
        return Err(ExportError::new(ErrorCause::HttpStatus(status), retry_for_status(status, response.headers())));
    }
    if is_html(response.headers()) {
        return Err(ExportError::new(ErrorCause::HtmlPage, Retry::Never));
    }
    match Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await {
        Ok(body) => Ok(ExportResponse::decode(&body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never))
        }
        Err(_) => Err(ExportError::connection_lost()),
    }
}

/// Returns the retry rule of an HTTP status. The OTLP specification allows a retry for 429, 502, 503 and 504. Example:
/// 503 with `Retry-After: 120` is retried after 120 s, without the header with back-off; 400 is never retried.
fn retry_for_status(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let retry_after = headers.get(RETRY_AFTER).and_then(|value| parse_seconds(value.to_str().ok()?.trim()));
            retry_after.map_or(Retry::WithBackoff, Retry::After)
        }
        _ => Retry::Never,
    }
}

/// Parses a number of seconds in decimal digits. A number that exceeds `u64` is read as `u64::MAX`. Examples: `120` is
/// 120 s; `1.5` and `soon` are `None`.
fn parse_seconds(digits: &str) -> Option<Duration> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

/// Returns whether the response is HTML. Collectors never answer with HTML; a web server on a wrong port does, often
/// with status 200.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds_of_any_size() {
        assert_eq!(parse_seconds("0"), Some(Duration::ZERO));
        assert_eq!(parse_seconds("120"), Some(Duration::from_secs(120)));
        assert_eq!(parse_seconds("100000000000000000000000"), Some(Duration::from_secs(u64::MAX)));
        for text in ["", "-1", "+1", "1.5", "soon"] {
            assert_eq!(parse_seconds(text), None, "{text:?}");
        }
    }
}
