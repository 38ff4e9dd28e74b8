//! An HTTP service that serves the metrics page.

use std::convert::Infallible;
use std::fmt;
use std::future::Ready;
use std::future::ready;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use http::HeaderValue;
use http::Method;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header;
use subtle::ConstantTimeEq;
use tower_service::Service;

use super::page::Page;
use super::page::page;
use super::page_body::PageBody;
use crate::observer::Observer;

/// A [`tower_service::Service`] that answers each `GET` and `HEAD` request with the metrics page, in the format that
/// the `Accept` header prefers, and other methods with 405. With the feature `gzip`, the page is compressed if the
/// scraper accepts that. The endpoint does not check the path: add it to a router, usually at `/metrics`.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::Router;
/// use llmobs::Observer;
/// use llmobs::prometheus::Endpoint;
///
/// let observer = Observer::builder().model("m").build()?;
/// let endpoint = Endpoint::new(observer).bearer_token("from a secret store");
/// let app: Router = Router::new().route_service("/metrics", endpoint);
/// # let _ = app;
/// # }
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "an endpoint does nothing until it is added to a router"]
pub struct Endpoint {
    render: Arc<RenderFn>,
    token: Option<Arc<[u8]>>,
}

/// A function that renders the page for the value of an `Accept` header.
type RenderFn = dyn Fn(Option<&str>) -> Page + Send + Sync;

impl Endpoint {
    /// Creates an endpoint for an observer that owns its registry. Renders the same content as [`page`].
    pub fn new(observer: Observer) -> Self {
        Self::from_fn(move |accept| page(&observer, accept))
    }

    /// Creates an endpoint from a function that renders the page for each scrape, as [`encode`](super::encode) does.
    /// The argument is the value of the scrape's `Accept` header; `None` if the header is missing or not visible ASCII.
    pub fn from_fn(render: impl Fn(Option<&str>) -> Page + Send + Sync + 'static) -> Self {
        Self { render: Arc::new(render), token: None }
    }

    /// Requires the header `Authorization: Bearer <token>`; other requests receive 401. The time of the comparison does
    /// not depend on the token's bytes. An empty token refuses every request. By default, no token is required.
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into().into_bytes().into());
        self
    }

    fn respond<B>(&self, request: &Request<B>) -> Response<PageBody> {
        let given_token =
            || request.headers().get(header::AUTHORIZATION).and_then(|value| parse_bearer_token(value.as_bytes()));
        if self.token.as_ref().is_some_and(|token| !given_token().is_some_and(|given| constant_time_eq(given, token))) {
            let mut response = error_response(StatusCode::UNAUTHORIZED);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return response;
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return error_response(StatusCode::METHOD_NOT_ALLOWED);
        }
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let page = (self.render)(accept);
        let (body, coding) = match PageBody::compressed(page.body, request.headers()) {
            Ok(compressed) => (compressed, Some(HeaderValue::from_static("gzip"))),
            Err(text) => (PageBody::text(text), None),
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(page.content_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        headers.extend(coding.map(|coding| (header::CONTENT_ENCODING, coding)));
        response
    }
}

impl<B> Service<Request<B>> for Endpoint {
    type Response = Response<PageBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<PageBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&request)))
    }
}

/// Omits the token.
impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("requires_token", &self.token.is_some()).finish_non_exhaustive()
    }
}

fn error_response(status: StatusCode) -> Response<PageBody> {
    let mut response = Response::new(PageBody::default());
    *response.status_mut() = status;
    response
}

/// Returns the token of an `Authorization` header. The scheme `Bearer` is matched without regard to case.
fn parse_bearer_token(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii_start())
}

/// Returns whether the tokens are equal, in a time that does not depend on the position of the first difference. An empty
/// token never matches.
fn constant_time_eq(given: &[u8], token: &[u8]) -> bool {
    !token.is_empty() && bool::from(given.ct_eq(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_tokens_match() {
        assert!(constant_time_eq(b"secret", b"secret"));
        for wrong in ["", "s", "secre", "secret ", "secrett", "Secret", "tercesecret"] {
            assert!(!constant_time_eq(wrong.as_bytes(), b"secret"), "{wrong}");
        }
        assert!(!constant_time_eq(b"", b""), "an empty token must not match");
        assert!(!constant_time_eq(b"x", b""));
    }

    #[test]
    fn token_follows_the_bearer_scheme() {
        assert_eq!(parse_bearer_token(b"Bearer abc"), Some(&b"abc"[..]));
        assert_eq!(parse_bearer_token(b"bearer  abc"), Some(&b"abc"[..]));
        assert_eq!(parse_bearer_token(b"Basic abc"), None);
        assert_eq!(parse_bearer_token(b"Bearer"), None);
        assert_eq!(parse_bearer_token(b""), None);
    }
}
