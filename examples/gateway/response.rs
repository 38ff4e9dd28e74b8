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
pub(crate) type UpstreamResponse = axum::http::Response<Incoming>;

/// Largest body that is buffered completely: an answer that is not streamed, or an error. 64 MiB.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// Passes an answer to the client; the operation ends with the answer.
pub(crate) async fn observed_response(
    response: UpstreamResponse,
    operation: Operation,
    idle_timeout: Duration,
) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers = headers::to_client(head.headers);
    let chunks = body_stream(body, idle_timeout, operation.marker().clone());
    if head.status.is_success() && is_stream(&head.headers) {
        let decoder = Decoder::new(Dialect::OpenAi);
        let decoder = match content_length(&head.headers) {
            Some(bytes) => decoder.content_length(bytes),
            None => decoder,
        };
        let observed = sse::observe(operation, decoder, chunks);
        return Response::from_parts(head, Body::from_stream(observed));
    }
    let Ok(body) = to_bytes(Body::from_stream(chunks), MAX_RESPONSE_BYTES).await else {
        operation.fail(ErrorType::Upstream);
        return gateway_error(StatusCode::BAD_GATEWAY, ErrorType::Upstream);
    };
    end_operation(operation, head.status, &body);
    Response::from_parts(head, Body::from(body))
}

/// Passes an answer to the client without observing an operation.
pub(crate) fn unobserved_response(response: UpstreamResponse) -> Response {
    let (mut head, body) = response.into_parts();
    head.headers = headers::to_client(head.headers);
    Response::from_parts(head, Body::new(body))
}

/// Returns an error of the gateway itself, in the format of OpenAI's API. Reveals no internal details.
pub(crate) fn gateway_error(status: StatusCode, error: ErrorType) -> Response {
    let body = json!({ "error": { "message": "the gateway received no valid response", "type": error.as_str(), "code": null } });
    (status, Json(body)).into_response()
}

/// Returns the declared length of the body in bytes. The server reads no further.
fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

fn is_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|content_type| content_type.to_str().ok());
    content_type.is_some_and(|content_type| content_type.starts_with("text/event-stream"))
}

/// Returns the body as a stream of chunks. A pause longer than `idle_timeout` ends the stream with a timeout error.
fn body_stream(
    body: Incoming,
    idle_timeout: Duration,
    marker: Marker,
) -> impl Stream<Item = Result<Bytes, axum::Error>> {
    stream::unfold((Body::new(body).into_data_stream(), marker), move |(mut body, marker)| async move {
        let chunk = tokio::time::timeout(idle_timeout, body.next()).await.unwrap_or_else(|elapsed| {
            marker.set_error(ErrorType::Timeout);
            Some(Err(axum::Error::new(elapsed)))
        });
        Some((chunk?, (body, marker)))
    })
}

/// Ends the operation with the outcome and the usage that a complete (not streamed) answer reports.
fn end_operation(operation: Operation, status: StatusCode, body: &[u8]) {
    let result = sse::parse_response(Dialect::OpenAi, body).unwrap_or_default();
    let marker = operation.marker();
    // For a stream, `sse::observe` captures the output.
    marker.output(|| sse::parse_output(Dialect::OpenAi, body));
    if let Some(usage) = result.usage {
        marker.usage(usage);
    }
    for (choice, reason) in (0..).zip(result.finish_reasons) {
        marker.finish_reason_for(choice, reason);
    }
    result.id.iter().for_each(|id| marker.response_id(id));
    result.model.iter().for_each(|model| marker.response_model(model));
    // The body is more precise than the status: a content filter also answers with 400.
    let error = result.error.filter(|error| *error != ErrorType::Upstream);
    let error = error.or_else(|| ErrorType::from_http_status(status.as_u16())).or(result.error);
    match error {
        None => operation.complete(),
        Some(error) if error.is_refusal() => operation.reject(error),
        Some(error) => operation.fail(error),
    }
}
