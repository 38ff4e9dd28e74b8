//! The handler of a gateway, the same in every host: sends the request to the upstream with reqwest, and passes the
//! answer back.

use bytes::Bytes;
use http::HeaderMap;
use http::Response;
use http::StatusCode;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::sse;
use llmobs::sse::Dialect;
use reqwest::Body;
use serde::Deserialize;

/// A gateway to one upstream.
#[derive(Debug, Clone)]
pub(crate) struct Gateway {
    http: reqwest::Client,
    url: String,
    /// Adds the trace context to the headers of a request.
    inject: fn(&mut HeaderMap),
}

#[derive(Debug, Deserialize)]
struct ChatRequest {
    model: String,
}

impl Gateway {
    pub(crate) fn new(url: String) -> Self {
        Self::with_propagator(url, llmobs::tower::inject) // llmobs
    }

    /// Creates a gateway with the propagator of the host, for a host with another version of OpenTelemetry.
    pub(crate) fn with_propagator(url: String, inject: fn(&mut HeaderMap)) -> Self {
        Self { http: reqwest::Client::new(), url, inject }
    }

    pub(crate) async fn forward(&self, body: Bytes) -> Result<Response<Body>, StatusCode> {
        let chat: ChatRequest = serde_json::from_slice(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
        let operation = Observer::current().chat(&chat.model).start(); // llmobs
        let request = self.http.post(&self.url).body(body).build();
        let mut request = request.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
        operation.in_scope(|| (self.inject)(request.headers_mut())); // llmobs
        let answer = operation.run(self.http.execute(request)).await; // llmobs
        let answer = answer.inspect_err(|_| operation.marker().set_error(ErrorType::Upstream)); // llmobs
        let answer = answer.map_err(|_| StatusCode::BAD_GATEWAY)?;

        let status = answer.status();
        let body = if status.is_success() {
            Body::wrap_stream(sse::observe(operation, Dialect::OpenAi, answer.bytes_stream())) // llmobs
        } else {
            operation.end_with_error(status); // llmobs
            answer.into()
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        Ok(response)
    }
}
