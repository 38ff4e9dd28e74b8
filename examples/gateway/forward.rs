//! The path of a request: read it, send it to the upstream, pass the answer back. The layer around it observes the call.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::Response;
use hyper::body::Incoming;
use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::backend::Backend;
use llmobs::semconv::value::AttemptKind;
use serde::Deserialize;
use serde_json::json;

use crate::Gateway;
use crate::body::with_pause_limit;
use crate::headers;
use crate::upstream::Upstream;

/// The head of an upstream's answer, with the body that follows.
type Answer = axum::http::Response<Incoming>;

/// Largest request body that is read: 32 MiB, enough for images.
pub(crate) const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// Forwards a request, and returns the answer of the upstream. When the client disconnects, this future or the body that
/// it returned is dropped, and with it the call to the upstream.
pub(crate) async fn forward(
    State(gateway): State<Gateway>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    // The marker of the operation, if the request calls a model.
    let marker = head.extensions.get::<Marker>().cloned();
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return gateway_error(rejection.status(), ErrorType::from_request_body_error(&rejection)),
    };
    match gateway.send(&head, &body, marker.as_ref()).await {
        Ok(response) => {
            let (mut head, body) = response.into_parts();
            head.headers = headers::to_client(head.headers);
            Response::from_parts(head, with_pause_limit(body, gateway.pause_timeout, marker))
        }
        Err(error) => gateway_error(status_of(error), error),
    }
}

impl Gateway {
    /// Sends the request to the first upstream that is available, and to the next one if it fails before its answer begins.
    /// Returns the head of the last answer, or the last error. If no upstream is available, the last one is tried: an answer
    /// is better than an error of the gateway.
    async fn send(&self, head: &Parts, body: &Bytes, marker: Option<&Marker>) -> Result<Answer, ErrorType> {
        let model = model_of(body);
        let (mut answer, mut failed) = (None, None::<(Backend, ErrorType)>);
        for (index, upstream) in self.upstreams.iter().enumerate() {
            let backend = marker.and_then(|_| upstream.backend(&self.observer, &model));
            let is_needed = index + 1 == self.upstreams.len() && answer.is_none();
            if !backend.as_ref().is_none_or(Backend::is_available) && !is_needed {
                continue;
            }
            if let (Some(marker), Some(backend)) = (marker, &backend) {
                marker.backend(backend);
                // The end of the operation is the result of the last upstream only.
                if let Some((before, error)) = failed.take() {
                    before.record(Err(error));
                    marker.record_attempt(AttemptKind::Fallback);
                }
            }
            let result = self.send_to(upstream, head, body).await;
            let error = result.as_ref().map_or_else(|error| Some(*error), error_of);
            answer = Some(result);
            match error {
                Some(error) => failed = backend.map(|backend| (backend, error)),
                None => break,
            }
        }
        answer.unwrap_or(Err(ErrorType::Upstream))
    }

    /// Sends the request to an upstream and waits for the head of the answer.
    async fn send_to(&self, upstream: &Upstream, head: &Parts, body: &Bytes) -> Result<Answer, ErrorType> {
        let request = upstream.request(head, body).map_err(|_| ErrorType::InvalidRequest)?;
        match tokio::time::timeout(self.answer_timeout, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if is_timeout(&error) => Err(ErrorType::Timeout),
            Ok(Err(_)) => Err(ErrorType::Upstream),
            Err(_) => Err(ErrorType::Timeout),
        }
    }
}

/// Returns the model of a request; empty if its body has none.
fn model_of(body: &Bytes) -> String {
    #[derive(Deserialize)]
    struct Request {
        model: String,
    }
    serde_json::from_slice::<Request>(body).map_or_else(|_| String::new(), |request| request.model)
}

/// Returns the error of an answer that another upstream may not give; `None` for a success, and if the client is at fault.
fn error_of(answer: &Answer) -> Option<ErrorType> {
    ErrorType::from_http_status(answer.status().as_u16()).filter(|error| !error.is_client_fault())
}

/// Returns whether the connection attempt timed out, in the kernel or by the connector's limit.
fn is_timeout(error: &(dyn std::error::Error + 'static)) -> bool {
    let is_one = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    error.downcast_ref().is_some_and(is_one) || error.source().is_some_and(is_timeout)
}

/// Returns the status of an error. The layer derives the error type of the operation from it.
const fn status_of(error: ErrorType) -> StatusCode {
    match error {
        ErrorType::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorType::InvalidRequest => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    }
}

/// Returns an error of the gateway itself, in the format of OpenAI's API. Reveals no internal details.
fn gateway_error(status: StatusCode, error: ErrorType) -> Response {
    let body = json!({ "error": { "message": "the gateway received no valid response", "type": error.as_str(), "code": null } });
    (status, Json(body)).into_response()
}
