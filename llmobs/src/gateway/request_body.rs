//! The body of a request after the layer has read it.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;

/// An error of the body of a request.
pub(super) type BodyError = Box<dyn Error + Send + Sync>;

/// The body of a request that passes [`Gateway`](super::Gateway): the bytes that the layer has read, followed by what
/// it has not read. If [`GatewayLayer::request_usage`](super::GatewayLayer::request_usage) applies to the request, its
/// option is added to the bytes. An error of the original body follows the bytes before it.
pub struct RequestBody<B> {
    read: Bytes,
    rest: Rest<B>,
}

/// The part of a body that follows the bytes that were read.
pub(super) enum Rest<B> {
    Body(B),
    Trailers(HeaderMap),
    Error(BodyError),
    Nothing,
}

impl<B> RequestBody<B> {
    pub(super) const fn new(read: Bytes, rest: Rest<B>) -> Self {
        Self { read, rest }
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BodyError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if !this.read.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.read)))));
        }
        if let Rest::Body(body) = &mut this.rest {
            return Pin::new(body).poll_frame(context).map_err(Into::into);
        }
        Poll::Ready(match std::mem::replace(&mut this.rest, Rest::Nothing) {
            Rest::Trailers(trailers) => Some(Ok(Frame::trailers(trailers))),
            Rest::Error(error) => Some(Err(error)),
            Rest::Body(_) | Rest::Nothing => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        let is_rest_ended = match &self.rest {
            Rest::Body(body) => body.is_end_stream(),
            Rest::Trailers(_) | Rest::Error(_) => false,
            Rest::Nothing => true,
        };
        self.read.is_empty() && is_rest_ended
    }

    fn size_hint(&self) -> SizeHint {
        let read = self.read.len() as u64;
        let mut hint = match &self.rest {
            Rest::Body(body) => body.size_hint(),
            // The number of bytes that the error prevented is not known.
            Rest::Error(_) => SizeHint::default(),
            Rest::Trailers(_) | Rest::Nothing => SizeHint::with_exact(0),
        };
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(read));
        }
        hint.set_lower(hint.lower().saturating_add(read));
        hint
    }
}

/// Omits the bytes, which contain the prompt.
impl<B> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").field("read", &self.read.len()).finish_non_exhaustive()
    }
}
