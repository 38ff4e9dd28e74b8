//! An upstream: its requests, and the health of each of its models.

use std::time::Duration;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::Uri;
use axum::http::request::Parts;
use axum::http::uri::InvalidUri;
use llmobs::Observer;
use llmobs::Provider;
use llmobs::backend::Backend;
use llmobs::tower::inject;

use crate::headers;

/// A server to which requests are forwarded.
#[derive(Debug)]
pub(crate) struct Upstream {
    url: String,
    provider: Provider,
    cool_down: Duration,
}

impl Upstream {
    pub(crate) fn new(url: &Uri, provider: &str, cool_down: Duration) -> Self {
        let url = url.to_string().trim_end_matches('/').to_owned();
        Self { url, provider: Provider::other(provider.to_owned()), cool_down }
    }

    /// Returns the health of a model at this upstream. The observer keeps it for all requests.
    pub(crate) fn backend(&self, observer: &Observer, model: &str) -> Option<Backend> {
        observer.backend(self.provider.clone(), model).cool_down(self.cool_down).build().ok()
    }

    /// Returns the request to the upstream: the client's request with filtered headers, in the current trace.
    pub(crate) fn request(&self, head: &Parts, body: &Bytes) -> Result<Request, InvalidUri> {
        let path = head.uri.path_and_query().map_or("", |path| path.as_str());
        let mut request = Request::new(Body::from(body.clone()));
        *request.uri_mut() = format!("{}{path}", self.url).parse()?;
        *request.method_mut() = head.method.clone();
        *request.headers_mut() = headers::to_upstream(head.headers.clone());
        inject(&mut request);
        Ok(request)
    }
}
