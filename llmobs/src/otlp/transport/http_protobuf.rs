//! Answers of OTLP over HTTP.

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
use super::LONGEST_ANSWER;
use super::Retry;

pub(super) async fn read(response: Response<Incoming>) -> Result<ExportResponse, ExportError> {
    let status = response.status();
    if !status.is_success() {
        // Its body is not even read.
        return Err(ExportError::new(ErrorCause::HttpStatus(status), retry(status, response.headers())));
    }
    if is_html(response.headers()) {
        return Err(ExportError::new(ErrorCause::HtmlPage, Retry::Never));
    }
    match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
        Ok(body) => Ok(ExportResponse::of_message(&body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never))
        }
        Err(_) => Err(ExportError::connection_lost()),
    }
}

/// The specification names the four that may be tried again.
fn retry(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let asked = headers.get(RETRY_AFTER).and_then(|value| seconds(value.to_str().ok()?.trim()));
            asked.map_or(Retry::WithBackoff, Retry::After)
        }
        _ => Retry::Never,
    }
}

/// A number of seconds in decimal digits; the longest time there is for one that is too large.
fn seconds(digits: &str) -> Option<Duration> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| Duration::from_secs(digits.parse().unwrap_or(u64::MAX)))
}

/// A collector never answers with one; a web server on a wrong port does, and with 200 often enough.
pub(super) fn is_html(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_wait_is_a_number_of_seconds_however_large() {
        assert_eq!(seconds("0"), Some(Duration::ZERO));
        assert_eq!(seconds("120"), Some(Duration::from_secs(120)));
        assert_eq!(seconds("100000000000000000000000"), Some(Duration::from_secs(u64::MAX)));
        for text in ["", "-1", "+1", "1.5", "soon"] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }
}
