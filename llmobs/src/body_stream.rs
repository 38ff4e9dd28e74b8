//! The frames of an HTTP body as a stream, and a body made from such a stream, with the size of the original.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use futures_core::Stream;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use pin_project_lite::pin_project;

/// A frame of a body: data or trailers.
pub(crate) struct BodyFrame(pub(crate) Frame<Bytes>);

impl AsRef<[u8]> for BodyFrame {
    fn as_ref(&self) -> &[u8] {
        self.0.data_ref().map_or(&[], |bytes| bytes)
    }
}

pin_project! {
    /// The stream of a body's frames.
    pub(crate) struct BodyStream<B> {
        #[pin]
        pub(crate) body: B,
    }
}

impl<B: Body<Data = Bytes>> Stream for BodyStream<B> {
    type Item = Result<BodyFrame, B::Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.project().body.poll_frame(context).map_ok(BodyFrame)
    }

    /// Returns (0, 0) at the end of the body: servers that count bytes do not poll again for the end.
    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.body.is_end_stream() { (0, Some(0)) } else { (0, None) }
    }
}

/// The remaining size of a body, from its size hint and the bytes that have passed.
pub(crate) struct RemainingSize {
    lower: u64,
    upper: Option<u64>,
    is_ended: bool,
}

impl RemainingSize {
    pub(crate) fn of(body: &impl Body) -> Self {
        let hint = body.size_hint();
        Self { lower: hint.lower(), upper: hint.upper(), is_ended: body.is_end_stream() }
    }

    fn subtract(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.lower = self.lower.saturating_sub(bytes);
        self.upper = self.upper.map(|upper| upper.saturating_sub(bytes));
    }
}

pin_project! {
    /// A body made from an observed stream of frames.
    pub(crate) struct StreamBody<S> {
        #[pin]
        stream: S,
        remaining: RemainingSize,
    }
}

impl<S> StreamBody<S> {
    /// Returns the body of a stream. `remaining` is the size of the body that the stream reads.
    pub(crate) const fn new(stream: S, remaining: RemainingSize) -> Self {
        Self { stream, remaining }
    }
}

impl<E, S: Stream<Item = Result<BodyFrame, E>>> Body for StreamBody<S> {
    type Data = Bytes;
    type Error = E;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        let mut this = self.project();
        let polled = this.stream.as_mut().poll_next(context).map_ok(|BodyFrame(frame)| frame);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                this.remaining.subtract(frame.data_ref().map_or(0, Bytes::len));
                this.remaining.is_ended = this.stream.size_hint() == (0, Some(0));
            }
            Poll::Ready(Some(Err(_)) | None) => this.remaining.is_ended = true,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.remaining.is_ended
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.remaining.lower);
        if let Some(upper) = self.remaining.upper {
            hint.set_upper(upper);
        }
        hint
    }
}
