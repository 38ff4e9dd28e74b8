//! The reading of a request before it is passed on.

use std::mem::take;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::Request;
use http::request::Parts;
use http_body::Body;
use tower_service::Service;

use super::call::PendingCall;
use super::call::RunningCall;
use super::denial::Denial;
use super::request_body::BodyError;
use super::request_body::RequestBody;
use super::request_body::Rest;
use crate::semconv::value::ErrorType;

/// A request that is being read, and the service that will receive it.
pub(super) struct RequestReader<S, A> {
    inner: S,
    call: PendingCall,
    head: Parts,
    body: A,
    read: ReadBytes,
}

/// The reason why reading ended.
pub(super) enum ReadEnd {
    /// The body ended, with or without trailers.
    End(Option<HeaderMap>),
    /// The body failed.
    Error(BodyError),
    /// The limit is reached.
    Limit,
}

impl<S, A> RequestReader<S, A>
where
    S: Service<Request<RequestBody<A>>>,
    A: Body<Data = Bytes> + Unpin,
    A::Error: Into<BodyError>,
{
    pub(super) fn new(inner: S, call: PendingCall, head: Parts, body: A) -> Self {
        Self { inner, call, head, body, read: ReadBytes::default() }
    }

    /// Reads the body up to the limit.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<ReadEnd> {
        while self.read.len() <= self.call.max_request_bytes() {
            // A body whose bytes have all arrived need not be polled for its end.
            if self.body.is_end_stream() {
                return Poll::Ready(ReadEnd::End(None));
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(ReadEnd::End(None)),
                Some(Err(error)) => return Poll::Ready(ReadEnd::Error(error.into())),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => self.read.push(bytes),
                    Err(frame) => return Poll::Ready(ReadEnd::End(frame.into_trailers().ok())),
                },
            }
        }
        Poll::Ready(ReadEnd::Limit)
    }

    /// Starts the operation, and calls the service with the request inside of the operation. Returns an error if a budget
    /// rejects the request.
    pub(super) fn call(self, end: ReadEnd) -> Result<(S::Future, RunningCall), Denial> {
        let Self { mut inner, call, mut head, body, read } = self;
        let error = match &end {
            ReadEnd::Error(error) => Some(ErrorType::from_request_body_error(error.as_ref())),
            ReadEnd::End(_) | ReadEnd::Limit => None,
        };
        let is_complete = matches!(end, ReadEnd::End(_));
        let rest = match end {
            ReadEnd::End(None) => Rest::Nothing,
            ReadEnd::End(Some(trailers)) => Rest::Trailers(trailers),
            ReadEnd::Error(error) => Rest::Error(error),
            ReadEnd::Limit => Rest::Body(body),
        };
        let (running, bytes) = call.start(&mut head, read.into_bytes(), is_complete, error)?;
        let request = Request::from_parts(head, RequestBody::new(bytes, rest));
        let future = running.operation.in_scope(|| inner.call(request));
        Ok((future, running))
    }
}

/// The bytes that were read. Bytes that arrive in one piece are not copied.
#[derive(Default)]
struct ReadBytes {
    first: Bytes,
    joined: BytesMut,
}

impl ReadBytes {
    fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    fn push(&mut self, bytes: Bytes) {
        if self.len() == 0 {
            self.first = bytes;
            return;
        }
        if !self.first.is_empty() {
            self.joined.extend_from_slice(&take(&mut self.first));
        }
        self.joined.extend_from_slice(&bytes);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}
