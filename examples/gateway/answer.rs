//! The path of an answer from the upstream to the client. Bodies are passed on unchanged, and streams are not delayed.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::body::Incoming;
use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::Operation;
use llmobs::sse;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use serde_json::json;

use crate::headers;

/// The response of the upstream's HTTP client.
pub(crate) type Upstream = axum::http::Response<Incoming>;

/// Largest body that is buffered completely: an answer that is not streamed, or an error. 64 MiB.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Passes an answer to the client; the operation ends with the answer.
pub(crate) async fn observed(answer: Upstream, operation: Operation, pause: Duration) -> Response {
    let (mut head, body) = answer.into_parts();
    head.headers = headers::to_client(head.headers);
    let parts = parts(body, pause, operation.marker().clone());
    if head.status.is_success() && is_stream(&head.headers) {
        let reader = Decoder::new(Dialect::OpenAi);
        let reader = match content_length(&head.headers) {
            Some(bytes) => reader.content_length(bytes),
            None => reader,
        };
        let watched = sse::observe(operation, reader, parts);
        return Response::from_parts(head, Body::from_stream(watched));
    }
    let Ok(body) = to_bytes(Body::from_stream(parts), LARGEST_ANSWER).await else {
        operation.fail(ErrorType::Upstream);
        return own_error(StatusCode::BAD_GATEWAY, ErrorType::Upstream);
    };
    end(operation, head.status, &body);
    Response::from_parts(head, Body::from(body))
}

/// Passes an answer to the client without observing an operation.
pub(crate) fn unobserved(answer: Upstream) -> Response {
    let (mut head, body) = answer.into_parts();
    head.headers = headers::to_client(head.headers);
    Response::from_parts(head, Body::new(body))
}

/// Returns an error of the gateway itself, in the format of OpenAI's API. Reveals no internal details.
pub(crate) fn own_error(status: StatusCode, error: ErrorType) -> Response {
    let body = json!({ "error": { "message": "the gateway got no answer", "type": error.as_str(), "code": null } });
    (status, Json(body)).into_response()
}

/// Returns the declared length of the body in bytes. The server reads no further.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// Returns the body as a stream of chunks. A pause longer than `pause` ends the stream with a timeout error.
fn parts(body: Incoming, pause: Duration, marker: Marker) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold((Body::new(body).into_data_stream(), marker), move |(mut body, marker)| async move {
        let part = tokio::time::timeout(pause, body.next()).await.unwrap_or_else(|late| {
            marker.set_error(ErrorType::Timeout);
            Some(Err(axum::Error::new(late)))
        });
        Some((part?, (body, marker)))
    })
}

/// Ends the operation with the outcome and the usage that a complete (not streamed) answer reports.
fn end(operation: Operation, status: StatusCode, body: &[u8]) {
    let said = sse::usage(Dialect::OpenAi, body).unwrap_or_default();
    let marker = operation.marker();
    // For a stream, `sse::observe` captures the output.
    marker.output(|| sse::output(Dialect::OpenAi, body));
    if let Some(usage) = said.usage {
        marker.usage(usage);
    }
    for (choice, reason) in (0..).zip(said.finish_reasons) {
        marker.finish_reason_of(choice, reason);
    }
    said.id.iter().for_each(|id| marker.response_id(id));
    said.model.iter().for_each(|model| marker.response_model(model));
    // The body is more precise than the status: a content filter also answers with 400.
    let error = said.error.filter(|error| *error != ErrorType::Upstream);
    let error = error.or_else(|| ErrorType::from_http_status(status.as_u16())).or(said.error);
    match error {
        None => operation.complete(),
        Some(error) if error.is_refusal() => operation.reject(error),
        Some(error) => operation.fail(error),
    }
}
