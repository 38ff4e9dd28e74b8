//! The way of an answer. Nothing in it is changed, and a stream is never held up.

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

/// What the client of the upstream gives.
pub(crate) type Upstream = axum::http::Response<Incoming>;

/// The largest answer that is read as a whole: one that is not streamed, or an error.
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Hands an answer back, and ends the operation as the answer ends.
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

/// Hands an answer back that nobody observes.
pub(crate) fn unobserved(answer: Upstream) -> Response {
    let (mut head, body) = answer.into_parts();
    head.headers = headers::to_client(head.headers);
    Response::from_parts(head, Body::new(body))
}

/// An error of the gateway itself, in the shape that clients of OpenAI know. It says nothing of what went wrong inside.
pub(crate) fn own_error(status: StatusCode, error: ErrorType) -> Response {
    let body = json!({ "error": { "message": "the gateway got no answer", "type": error.as_str(), "code": null } });
    (status, Json(body)).into_response()
}

/// How many bytes the client is promised: the server asks for no more.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn is_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// The parts of a body as they come. A pause that is too long breaks it.
fn parts(body: Incoming, pause: Duration, marker: Marker) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold((Body::new(body).into_data_stream(), marker), move |(mut body, marker)| async move {
        let part = tokio::time::timeout(pause, body.next()).await.unwrap_or_else(|late| {
            marker.set_error(ErrorType::Timeout);
            Some(Err(axum::Error::new(late)))
        });
        Some((part?, (body, marker)))
    })
}

/// Ends an operation by a whole answer.
fn end(operation: Operation, status: StatusCode, body: &[u8]) {
    let said = sse::usage(Dialect::OpenAi, body).unwrap_or_default();
    let marker = operation.marker();
    // A stream gives what it says by itself.
    marker.output(|| sse::output(Dialect::OpenAi, body));
    if let Some(usage) = said.usage {
        marker.usage(usage);
    }
    for (choice, reason) in (0..).zip(said.finish_reasons) {
        marker.finish_reason_of(choice, reason);
    }
    said.id.iter().for_each(|id| marker.response_id(id));
    said.model.iter().for_each(|model| marker.response_model(model));
    // The body knows more than the status: a 400 may be the filter's.
    let error = said.error.filter(|error| *error != ErrorType::Upstream);
    let error = error.or_else(|| ErrorType::from_http_status(status.as_u16())).or(said.error);
    match error {
        None => operation.complete(),
        Some(error) if error.is_refusal() => operation.reject(error),
        Some(error) => operation.fail(error),
    }
}
