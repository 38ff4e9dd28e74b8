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

use super::Answer;
use super::Cause;
use super::Fault;
use super::LONGEST_ANSWER;
use super::Retry;

pub(super) async fn read(response: Response<Incoming>) -> Result<Answer, Fault> {
    let status = response.status();
    if !status.is_success() {
        // Its body is not even read.
        return Err(Fault::new(Cause::Status(status), retry(status, response.headers())));
    }
    if is_page(response.headers()) {
        return Err(Fault::new(Cause::Page, Retry::Never));
    }
    match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
        Ok(body) => Ok(Answer::of_message(&body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(Fault::new(Cause::TooLong, Retry::Never)),
        Err(_) => Err(Fault::broken()),
    }
}

/// The specification names the four that may be tried again.
fn retry(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            seconds.map_or(Retry::Later, |seconds| Retry::After(Duration::from_secs(seconds)))
        }
        _ => Retry::Never,
    }
}

/// A collector never answers with one; a web server on a wrong port does, and with 200 often enough.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
