//! The path of a request: read it, send it to the upstream, pass the answer back. The layer around it observes the call.

use axum::Json;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::http::uri::InvalidUri;
use axum::response::IntoResponse;
use axum::response::Response;
use hyper::body::Incoming;
use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::tower::inject;
use serde_json::json;

use crate::Gateway;
use crate::body::with_pause_limit;
use crate::headers;

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
        Ok(body) => Body::from(body),
        Err(rejection) => return gateway_error(rejection.status(), ErrorType::from_request_body_error(&rejection)),
    };
    match gateway.send(gateway.upstream_request(head, body)).await {
        Ok(response) => {
            let (mut head, body) = response.into_parts();
            head.headers = headers::to_client(head.headers);
            Response::from_parts(head, with_pause_limit(body, gateway.pause_timeout, marker))
        }
        Err(error) => gateway_error(status_of(error), error),
    }
}

impl Gateway {
    /// Returns the request to the upstream: the client's request with filtered headers, in the current trace.
    fn upstream_request(&self, head: Parts, body: Body) -> Result<Request, InvalidUri> {
        let path = head.uri.path_and_query().map_or("", |path| path.as_str());
        let mut request = Request::new(body);
        *request.uri_mut() = format!("{}{path}", self.upstream).parse()?;
        *request.method_mut() = head.method;
        *request.headers_mut() = headers::to_upstream(head.headers);
        inject(&mut request);
        Ok(request)
    }

    /// Sends the request and waits for the head of the answer.
    async fn send(&self, request: Result<Request, InvalidUri>) -> Result<axum::http::Response<Incoming>, ErrorType> {
        let request = request.map_err(|_| ErrorType::InvalidRequest)?;
        match tokio::time::timeout(self.answer_timeout, self.client.request(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if is_timeout(&error) => Err(ErrorType::Timeout),
            Ok(Err(_)) => Err(ErrorType::Upstream),
            Err(_) => Err(ErrorType::Timeout),
        }
    }
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
