//! The answer to a request that a budget rejects.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http_body::Body;

use super::response_body::ResponseBody;

/// The body, in the format of OpenAI's errors. It names neither the budget nor the limit: the client may not know them.
const BODY: &str = r#"{"error":{"message":"The budget for this request is exhausted.","type":"insufficient_quota","code":"budget_exceeded"}}"#;

/// The rejection of a request by a budget.
#[derive(Debug)]
pub(super) struct Denial {
    /// The time until the period of the budget ends.
    pub(super) retry_after: Duration,
}

impl Denial {
    /// Returns the response: the status 429 with `Retry-After` in seconds.
    pub(super) fn into_response<B: Body<Data = Bytes>>(self) -> Response<ResponseBody<B>> {
        let mut response = Response::new(ResponseBody::own(Bytes::from_static(BODY.as_bytes())));
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after.as_secs()));
        response
    }
}
