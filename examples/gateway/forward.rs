//! The path of a request: read it, send it to the upstream, pass the answer back.

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
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
use serde::Deserializer;
use serde::de::DeserializeOwned;

use crate::Gateway;
use crate::headers;
use crate::response;
use crate::response::gateway_error;

/// Largest request body that is read: 32 MiB, enough for images.
pub(crate) const MAX_REQUEST_BYTES: usize = 32 * 1024 * 1024;

/// Handles a request that calls a model. The request is an operation, which ends with the answer. When the client
/// disconnects, this future or the body that it returned is dropped, and with it the call to the upstream.
pub(crate) async fn forward_observed(
    State(gateway): State<Gateway>,
    head: Parts,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let operation = start_operation(&gateway.observer, head.uri.path(), body.as_ref().map_or(&[], Bytes::as_ref));
    let body = match body {
        Ok(body) => body,
        Err(rejection) => {
            let error = ErrorType::from_request_body_error(&rejection);
            match error {
                ErrorType::Cancelled => operation.cancel(),
                _ => operation.reject(error),
            }
            return gateway_error(rejection.status(), error);
        }
    };
    let request = operation.in_scope(|| gateway.upstream_request(head, Body::from(body)));
    match operation.run(gateway.send(request)).await {
        Ok(response) => response::observed_response(response, operation, gateway.pause_timeout).await,
        Err(error) => {
            operation.fail(error);
            gateway_error(status_of(error), error)
        }
    }
}

/// Handles a request that calls no model, for example the list of models.
pub(crate) async fn forward_unobserved(State(gateway): State<Gateway>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    match gateway.send(gateway.upstream_request(head, body)).await {
        Ok(response) => response::unobserved_response(response),
        Err(error) => gateway_error(status_of(error), error),
    }
}

/// The fields of a request that the gateway reads. All other fields are only passed on. A field of another type is read
/// as absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RequestFields {
    #[serde(deserialize_with = "lenient")]
    model: String,
    #[serde(alias = "max_completion_tokens", deserialize_with = "lenient")]
    max_tokens: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    stream: bool,
    #[serde(deserialize_with = "lenient")]
    temperature: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    top_p: Option<f64>,
    #[serde(deserialize_with = "lenient")]
    seed: Option<i64>,
}

fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(deserializer: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

/// Starts the operation of a request. A request with invalid JSON is an operation too: the upstream reports the error.
fn start_operation(observer: &Observer, path: &str, body: &[u8]) -> Operation {
    let fields: RequestFields = serde_json::from_slice(body).unwrap_or_default();
    let name = match path {
        "/v1/embeddings" => OperationName::Embeddings,
        "/v1/completions" => OperationName::TextCompletion,
        _ => OperationName::Chat,
    };
    let has_messages = name != OperationName::Embeddings;
    let start = observer.operation(name, &fields.model).max_tokens(fields.max_tokens).stream(fields.stream);
    let operation = start.temperature(fields.temperature).top_p(fields.top_p).seed(fields.seed).start();
    if has_messages {
        // The closure is called only if content is captured.
        operation.marker().input(|| sse::parse_input(Dialect::OpenAi, body));
    }
    operation
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
    async fn send(&self, request: Result<Request, InvalidUri>) -> Result<response::UpstreamResponse, ErrorType> {
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

const fn status_of(error: ErrorType) -> StatusCode {
    match error {
        ErrorType::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorType::InvalidRequest => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    }
}
