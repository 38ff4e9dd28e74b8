//! The response body that ends the observed request.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use pin_project_lite::pin_project;

use super::exchange::ExchangeEnd;
use super::exchange::HttpExchange;
use crate::semconv::value::ErrorType;
use crate::unwind::has_panicked;

pin_project! {
    /// The body of an observed response. Passes every frame unchanged. The end of the body is the end of the request.
    ///
    /// A body dropped before its end makes the request `cancelled`, unless its poll panicked (`internal`), the service
    /// is shutting down (`shutdown`), or the body was complete: by its own `is_end_stream`, by its `size_hint`, or by
    /// the response's `Content-Length`. A gRPC response is complete only once its status has arrived, in the headers or
    /// in the trailers. An error of the body makes the request failed.
    pub struct ServerBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: B,
        // Declared after the inner body: objects that the inner body drops end before the request does.
        exchange: Option<Box<HttpExchange>>,
    }

    impl<B> PinnedDrop for ServerBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(exchange) = this.exchange {
                let may_call = !has_panicked(exchange.is_polling());
                exchange.on_body_drop(may_call && (this.inner.is_end_stream() || this.inner.size_hint().exact() == Some(0)));
            }
        }
    }
}

impl<B: Body> ServerBody<B> {
    pub(super) const fn new(inner: B, exchange: Option<Box<HttpExchange>>) -> Self {
        Self { inner, exchange }
    }
}

impl<B: Body> Body for ServerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(exchange) = this.exchange else { return this.inner.poll_frame(context) };
        let polled = exchange.in_body(|| this.inner.as_mut().poll_frame(context));
        let end = match &polled {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(frame))) => exchange.on_frame(frame, this.inner.is_end_stream()),
            Poll::Ready(Some(Err(_))) => Some(ExchangeEnd::Failed(ErrorType::Other)),
            Poll::Ready(None) => Some(exchange.on_body_end()),
        };
        if let (Some(end), Some(exchange)) = (end, this.exchange.take_if(|_| end.is_some())) {
            exchange.finish(end);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Body + Default> Default for ServerBody<B> {
    fn default() -> Self {
        Self::new(B::default(), None)
    }
}

/// Omits the body, whose own `Debug` could print content.
impl<B: Body> fmt::Debug for ServerBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBody").field("enabled", &self.exchange.is_some()).finish_non_exhaustive()
    }
}
