//! The path of a request: read it, send it to the upstream, pass the answer back.

use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::http::uri::InvalidUri;
use axum::response::Response;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::semconv::value::OperationName;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs::tower::inject;
use serde::Deserialize;

use crate::Gateway;
use crate::answer;
use crate::answer::own_error;
use crate::headers;

/// Largest request body that is read: 32 MiB, enough for images.
const LARGEST_REQUEST: usize = 32 * 1024 * 1024;

/// Handles a request that calls a model. The request is an operation, which ends with the answer. When the client
/// disconnects, this future or the body that it returned is dropped, and with it the call to the upstream.
pub(crate) async fn observed(State(gateway): State<Gateway>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await;
    let operation = start(&gateway.observer, head.uri.path(), body.as_ref().map_or(&[], Bytes::as_ref));
    let Ok(body) = body else {
        operation.reject(ErrorType::InvalidRequest);
        return own_error(StatusCode::PAYLOAD_TOO_LARGE, ErrorType::InvalidRequest);
    };
    let request = operation.in_scope(|| gateway.request(head, Body::from(body)));
    match operation.run(gateway.send(request)).await {
        Ok(answer) => answer::observed(answer, operation, gateway.pause_timeout).await,
        Err(error) => {
            operation.fail(error);
            own_error(status_of(error), error)
        }
    }
}

/// Handles a request that calls no model, for example the list of models.
pub(crate) async fn unobserved(State(gateway): State<Gateway>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match gateway.send(gateway.request(head, body)).await {
        Ok(answer) => answer::unobserved(answer),
        Err(error) => own_error(status_of(error), error),
    }
}

/// The fields of a request that the gateway reads. All other fields are only passed on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    model: String,
    #[serde(alias = "max_completion_tokens")]
    max_tokens: Option<u64>,
}

/// Starts the operation of a request. A request with invalid JSON is an operation too: the upstream reports the error.
fn start(observer: &Observer, path: &str, body: &[u8]) -> Operation {
    let asked: Asked = serde_json::from_slice(body).unwrap_or_default();
    let name = match path {
        "/v1/embeddings" => OperationName::Embeddings,
        "/v1/completions" => OperationName::TextCompletion,
        _ => OperationName::Chat,
    };
    let has_messages = name != OperationName::Embeddings;
    let start = observer.operation(name, &asked.model);
    let operation = match asked.max_tokens {
        Some(tokens) => start.max_tokens(tokens).start(),
        None => start.start(),
    };
    if has_messages {
        // The closure is called only if content is captured.
        operation.marker().input(|| sse::input(Dialect::OpenAi, body));
    }
    operation
}

impl Gateway {
    /// Returns the request to the upstream: the client's request with filtered headers, in the current trace.
    fn request(&self, head: Parts, body: Body) -> Result<Request, InvalidUri> {
        let path = head.uri.path_and_query().map_or("", |path| path.as_str());
        let mut request = Request::new(body);
        *request.uri_mut() = format!("{}{path}", self.upstream).parse()?;
        *request.method_mut() = head.method;
        *request.headers_mut() = headers::to_upstream(head.headers);
        inject(&mut request);
        Ok(request)
    }

    /// Sends the request and waits for the head of the answer.
    async fn send(&self, request: Result<Request, InvalidUri>) -> Result<answer::Upstream, ErrorType> {
        let request = request.map_err(|_| ErrorType::InvalidRequest)?;
        match tokio::time::timeout(self.answer_timeout, self.client.request(request)).await {
            Ok(Ok(answer)) => Ok(answer),
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

const fn status_of(error: ErrorType) -> StatusCode {
    match error {
        ErrorType::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorType::InvalidRequest => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    }
}
