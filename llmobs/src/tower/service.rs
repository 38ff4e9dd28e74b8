//! The service that wraps an observed service.

use std::fmt;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use http::Request;
use http::Response;
use http_body::Body;
use tower_service::Service;

use super::body::ServerBody;
use super::exchange::HttpExchange;
use super::future::ServerFuture;
use super::layer_state::LayerState;

/// The service that [`ServerLayer`](super::ServerLayer) puts around another one, whose requests it observes.
#[derive(Clone)]
pub struct Server<S> {
    inner: S,
    /// `None` if the observer is disabled.
    state: Option<Arc<LayerState>>,
}

impl<S> Server<S> {
    pub(super) const fn new(inner: S, state: Option<Arc<LayerState>>) -> Self {
        Self { inner, state }
    }
}

impl<S, A, B> Service<Request<A>> for Server<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    B: Body,
{
    type Response = Response<ServerBody<B>>;
    type Error = S::Error;
    type Future = ServerFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let Some(state) = &self.state else { return ServerFuture::new(self.inner.call(request), None) };
        let (parts, body) = request.into_parts();
        let mut exchange = HttpExchange::start(Arc::clone(state), &parts);
        let request = Request::from_parts(parts, body);
        let future = exchange.in_handler(|| self.inner.call(request));
        ServerFuture::new(future, Some(exchange))
    }
}

impl<S: fmt::Debug> fmt::Debug for Server<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("inner", &self.inner).field("enabled", &self.state.is_some()).finish()
    }
}
