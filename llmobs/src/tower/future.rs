//! The handler's future, until it returns a response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::ServerBody;
use super::exchange::ExchangeEnd;
use super::exchange::HttpExchange;
use crate::semconv::value::ErrorType;

pin_project! {
    /// The future of an observed [`Server`](super::Server). Dropping it before it is ready ends its request: as failed
    /// after a panic of the service or [`begin_shutdown`](crate::Observer::begin_shutdown), otherwise as `cancelled`.
    #[must_use = "futures do nothing unless polled"]
    pub struct ServerFuture<F> {
        #[pin]
        inner: F,
        // Declared after the inner future: objects that the inner future drops end before the request does.
        exchange: Option<Box<HttpExchange>>,
    }
}

impl<F> ServerFuture<F> {
    pub(super) const fn new(inner: F, exchange: Option<Box<HttpExchange>>) -> Self {
        Self { inner, exchange }
    }
}

impl<F, B, E> Future for ServerFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ServerBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = match this.exchange {
            Some(exchange) => exchange.in_handler(|| this.inner.poll(context)),
            None => this.inner.poll(context),
        };
        polled.map(|result| match result {
            Ok(response) => Ok(wrap_response(this.exchange.take(), response)),
            Err(error) => {
                if let Some(exchange) = this.exchange.take() {
                    exchange.finish(ExchangeEnd::Failed(ErrorType::Other));
                }
                Err(error)
            }
        })
    }
}

/// Omits the future, which may hold a response.
impl<F> fmt::Debug for ServerFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerFuture").finish_non_exhaustive()
    }
}

fn wrap_response<B: Body>(exchange: Option<Box<HttpExchange>>, response: Response<B>) -> Response<ServerBody<B>> {
    let (mut head, body) = response.into_parts();
    let exchange = exchange.and_then(|mut exchange| {
        exchange.on_response(&mut head, &body.size_hint());
        let end = match body.is_end_stream() {
            _ if !exchange.has_body() => ExchangeEnd::Complete,
            true => exchange.on_body_end(),
            false => return Some(exchange),
        };
        exchange.finish(end);
        None
    });
    Response::from_parts(head, ServerBody::new(body, exchange))
}
