//! The service that wraps an observed service.

use std::fmt;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use tower_service::Service;

use super::call::PendingCall;
use super::future::GatewayFuture;
use super::request_body::BodyError;
use super::request_body::RequestBody;
use super::request_body::Rest;
use super::request_reader::RequestReader;
use super::response_body::ResponseBody;
use super::settings::GatewaySettings;

/// The service that [`GatewayLayer`](super::GatewayLayer) puts around another one, whose requests it observes.
#[derive(Clone)]
pub struct Gateway<S> {
    inner: S,
    settings: Arc<GatewaySettings>,
}

impl<S> Gateway<S> {
    pub(super) const fn new(inner: S, settings: Arc<GatewaySettings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, A, B> Service<Request<A>> for Gateway<S>
where
    S: Service<Request<RequestBody<A>>, Response = Response<B>> + Clone,
    A: Body<Data = Bytes> + Unpin,
    A::Error: Into<BodyError>,
    B: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = GatewayFuture<S, A, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (head, body) = request.into_parts();
        match PendingCall::new(&self.settings, &head) {
            Some(call) => {
                // The instance that is ready must be the one that is called.
                let next = self.inner.clone();
                let inner = std::mem::replace(&mut self.inner, next);
                GatewayFuture::reading(RequestReader::new(inner, call, head, body))
            }
            None => {
                let body = RequestBody::new(Bytes::new(), Rest::Body(body));
                GatewayFuture::unobserved(self.inner.call(Request::from_parts(head, body)))
            }
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for Gateway<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("inner", &self.inner).finish_non_exhaustive()
    }
}
