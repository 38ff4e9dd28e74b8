//! One observed call: the budget, the attempts, and the stream of the answer.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::Request;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use futures_util::StreamExt;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::semconv::value::AttemptKind;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs::tower::inject;
use serde_json::json;

/// A caller of a model. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) observer: Observer,
    pub(crate) client: Client<HttpConnector, Body>,
    pub(crate) url: String,
    pub(crate) model: String,
    pub(crate) tokens: u64,
    pub(crate) retries: u32,
}

impl Caller {
    /// Calls the model once and reads the answer to its end. The operation ends with the stream, with the last attempt, or
    /// with the refusal of a budget.
    pub(crate) async fn call(&self) {
        let start = self.observer.chat(&self.model).max_tokens(self.tokens).stream(true);
        let Ok(operation) = start.try_start() else { return };
        let mut retries = 0;
        let answer = loop {
            let mut request = self.request();
            operation.in_scope(|| inject(&mut request));
            match operation.run(self.send(request)).await {
                Ok(answer) => break answer,
                Err(error) if retries == self.retries => return operation.end_with_error(error),
                Err(_) => operation.marker().record_attempt(AttemptKind::Retry),
            }
            retries += 1;
        };
        let bytes = Body::new(answer.into_body()).into_data_stream();
        let mut observed = sse::observe(operation, Dialect::OpenAi, bytes);
        while observed.next().await.is_some() {}
    }

    fn request(&self) -> Request<Body> {
        let body = json!({
            "model": self.model,
            "max_tokens": self.tokens,
            "stream": true,
            "stream_options": { "include_usage": true },
            "messages": [{ "role": "user", "content": "one two" }],
        });
        let mut request = Request::new(Body::from(body.to_string()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.url.parse().unwrap_or_default();
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request
    }

    /// Sends a request and returns the head of its answer, if that is not an error.
    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, ErrorType> {
        let answer = self.client.request(request).await.map_err(|_| ErrorType::Upstream)?;
        match ErrorType::from_http_status(answer.status().as_u16()) {
            None => Ok(answer),
            Some(error) => Err(error),
        }
    }
}
