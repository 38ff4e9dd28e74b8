//! A body without the usage frame of a stream.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use pin_project_lite::pin_project;

use crate::sse::UsageFrameFilter;

pin_project! {
    /// A body from whose data the usage frame is removed, if it has a filter.
    pub(super) struct FilteredBody<B>
    where
        B: Body,
    {
        #[pin]
        inner: B,
        filter: Option<Box<UsageFrameFilter>>,
        // What the inner body returned after the bytes that were held back.
        next: Option<Option<Result<Frame<Bytes>, B::Error>>>,
    }
}

impl<B: Body> FilteredBody<B> {
    pub(super) const fn new(inner: B, filter: Option<Box<UsageFrameFilter>>) -> Self {
        Self { inner, filter, next: None }
    }
}

impl<B: Body<Data = Bytes>> Body for FilteredBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        let Some(filter) = this.filter else { return this.inner.poll_frame(context) };
        loop {
            if let Some(next) = this.next.take() {
                return Poll::Ready(next);
            }
            match ready!(this.inner.as_mut().poll_frame(context)) {
                Some(Ok(frame)) if frame.is_data() => {
                    let passed = frame.into_data().map(|bytes| filter.feed(bytes)).unwrap_or_default();
                    if !passed.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(passed))));
                    }
                }
                // Trailers, an error or the end of the body.
                next => {
                    *this.next = Some(next);
                    let held = filter.finish();
                    if !held.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(held))));
                    }
                }
            }
        }
    }

    /// Returns `false` for a filtered body until its end was polled, because bytes may be held back.
    fn is_end_stream(&self) -> bool {
        self.filter.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.filter.is_none() { self.inner.size_hint() } else { SizeHint::default() }
    }
}
