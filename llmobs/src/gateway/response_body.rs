//! The body of a response, with which the operation ends.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use pin_project_lite::pin_project;

use super::filtered_body::FilteredBody;
use crate::body_stream::BodyStream;
use crate::body_stream::RemainingSize;
use crate::body_stream::StreamBody;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;
use crate::sse;
use crate::sse::Decoder;
use crate::sse::ObservedBytes;
use crate::sse::UsageFrameFilter;
use crate::sse::WholeResponse;
use crate::unwind::has_panicked;

pin_project! {
    /// The body of a response that passes [`Gateway`](super::Gateway). The operation of the request, if it has one that
    /// has not ended, ends with the body, also if the body is dropped.
    pub struct ResponseBody<B>
    where
        B: Body<Data = Bytes>,
    {
        #[pin]
        kind: BodyKind<B>,
    }
}

pin_project! {
    #[project = BodyKindProjection]
    enum BodyKind<B>
    where
        B: Body<Data = Bytes>,
    {
        // A response without an operation.
        Unobserved { #[pin] body: B },
        // The answer of the layer itself; empty after it was read.
        Own { body: Bytes },
        Streamed { #[pin] body: FilteredBody<StreamBody<ObservedBytes<BodyStream<B>>>> },
        Whole { #[pin] body: WholeBody<B> },
    }
}

impl<B: Body<Data = Bytes>> ResponseBody<B> {
    /// Returns the body of a response that is not observed.
    pub(super) const fn unobserved(body: B) -> Self {
        Self { kind: BodyKind::Unobserved { body } }
    }

    /// Returns the body of an answer of the layer itself.
    pub(super) const fn own(body: Bytes) -> Self {
        Self { kind: BodyKind::Own { body } }
    }

    /// Returns the body of a streamed response.
    pub(super) fn streamed(
        operation: Operation,
        decoder: Decoder,
        body: B,
        filter: Option<Box<UsageFrameFilter>>,
    ) -> Self {
        let remaining = RemainingSize::of(&body);
        let observed = StreamBody::new(sse::observe(operation, decoder, BodyStream { body }), remaining);
        Self { kind: BodyKind::Streamed { body: FilteredBody::new(observed, filter) } }
    }

    /// Returns the body of a response that is not streamed, with the HTTP status and the declared length of the
    /// response.
    pub(super) fn whole(response: WholeResponse, status: u16, content_length: Option<u64>, body: B) -> Self {
        let body = WholeBody::new(body, Ending { response, status, missing_bytes: content_length });
        Self { kind: BodyKind::Whole { body } }
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            BodyKindProjection::Unobserved { body } => body.poll_frame(context),
            BodyKindProjection::Own { body } => {
                let bytes = std::mem::take(body);
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            BodyKindProjection::Streamed { body } => body.poll_frame(context),
            BodyKindProjection::Whole { body } => body.poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Unobserved { body } => body.is_end_stream(),
            BodyKind::Own { body } => body.is_empty(),
            BodyKind::Streamed { body } => body.is_end_stream(),
            BodyKind::Whole { body } => body.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Unobserved { body } => body.size_hint(),
            BodyKind::Own { body } => SizeHint::with_exact(body.len() as u64),
            BodyKind::Streamed { body } => body.size_hint(),
            BodyKind::Whole { body } => body.inner.size_hint(),
        }
    }
}

/// Omits the body, whose own `Debug` could print content.
impl<B: Body<Data = Bytes>> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            BodyKind::Unobserved { .. } => "unobserved",
            BodyKind::Own { .. } => "own",
            BodyKind::Streamed { .. } => "streamed",
            BodyKind::Whole { .. } => "whole",
        };
        f.debug_struct("ResponseBody").field("kind", &kind).finish_non_exhaustive()
    }
}

/// The response that ends the operation with its last byte.
struct Ending {
    response: WholeResponse,
    status: u16,
    /// The number of bytes that the response declares and that have not passed, if it declares a length.
    missing_bytes: Option<u64>,
}

impl Ending {
    fn feed(&mut self, bytes: &Bytes) {
        self.response.feed(bytes);
        self.missing_bytes = self.missing_bytes.map(|missing| missing.saturating_sub(bytes.len() as u64));
    }

    fn finish(self) {
        self.response.finish(self.status);
    }
}

pin_project! {
    /// The body of a response that is not streamed.
    struct WholeBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: B,
        ending: Option<Ending>,
        // Set while the inner body is polled. If set at the drop, the inner body panicked.
        is_polling: bool,
    }

    impl<B> PinnedDrop for WholeBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            match this.ending.take() {
                None => {}
                Some(ending) if has_panicked(*this.is_polling) => ending.response.fail(ErrorType::Internal),
                // The outcome is known, even if the client does not read the rest.
                Some(ending) if ending.status >= 400 || ending.response.is_read() => ending.finish(),
                // Dropping the response ends the operation as cancelled.
                Some(_) => {}
            }
        }
    }
}

impl<B: Body<Data = Bytes>> WholeBody<B> {
    fn new(inner: B, mut ending: Ending) -> Self {
        ending.missing_bytes = ending.missing_bytes.or_else(|| inner.size_hint().exact());
        let mut body = Self { inner, ending: Some(ending), is_polling: false };
        // A server need not poll an empty body.
        if let Some(ending) =
            body.ending.take_if(|ending| ending.missing_bytes == Some(0) || body.inner.is_end_stream())
        {
            ending.finish();
        }
        body
    }

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        *this.is_polling = true;
        let polled = this.inner.as_mut().poll_frame(context);
        *this.is_polling = false;
        let Some(ending) = this.ending else { return polled };
        let is_ended = match &polled {
            Poll::Pending => false,
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(frame))) => {
                frame.data_ref().into_iter().for_each(|bytes| ending.feed(bytes));
                // A server that counts the bytes need not poll again.
                ending.missing_bytes == Some(0) || this.inner.is_end_stream()
            }
            Poll::Ready(Some(Err(_))) => {
                if ending.status < 400 && !ending.response.is_read() {
                    ending.response.set_error(ErrorType::Upstream);
                }
                true
            }
        };
        if let Some(ending) = this.ending.take_if(|_| is_ended) {
            ending.finish();
        }
        polled
    }
}
