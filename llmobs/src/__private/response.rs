//! HTTP responses that keep an operation running after their handler has returned.

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::Sse;
use axum::response::sse::KeepAliveStream;
use bytes::Bytes;
use futures_core::Stream;

use super::finish::OperationOrStep;
use crate::body_stream::BodyFrame;
use crate::body_stream::BodyStream;
use crate::body_stream::RemainingSize;
use crate::body_stream::StreamBody;
use crate::error::error_of_own_status;
use crate::observer::Chunk;
use crate::observer::ObservedStream;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;

/// Converts the value of a handler into a response, whose body [`response`] observes.
#[inline]
pub fn into_response(value: impl IntoResponse) -> Response {
    value.into_response()
}

/// A stream of an SSE response that is observed: it reports to the operation that the handler took with `call.take()`.
#[diagnostic::on_unimplemented(
    message = "the stream of this `Sse` is not observed",
    label = "`{Self}` is not observed",
    note = "build it with `llmobs::tower::axum::sse(call.take(), ..)`, where `call` is the name given by `handle = call`"
)]
pub trait IsObserved {}

impl<S: Stream, C> IsObserved for ObservedStream<S, C> {}

impl<S: IsObserved> IsObserved for KeepAliveStream<S> {}

/// Returns the SSE response unchanged: its stream already reports to its operation. Completes `operation`, which is
/// enabled only if the handler did not take it.
pub fn sse<S: IsObserved>(operation: Operation, response: Sse<S>) -> Sse<S> {
    operation.complete();
    response
}

/// Keeps an operation running until the end of a response's body, which is read as by [`body`]. A status of 400 or
/// above ends the operation immediately, with the outcome that the error type of the status implies.
pub fn response(operation: Operation, response: Response) -> Response {
    observe_unless_error(operation, response, body)
}

/// Keeps an operation running as [`response`] does, but does not read the format of the body: see [`body_with`].
pub fn response_with<C: Into<Chunk>>(
    operation: Operation,
    response: Response,
    tokens: impl FnMut(&Bytes) -> C + Send + 'static,
    needs_finish_reason: bool,
) -> Response {
    observe_unless_error(operation, response, |operation, body| body_with(operation, body, tokens, needs_finish_reason))
}

fn observe_unless_error(
    operation: Operation,
    response: Response,
    body: impl FnOnce(Operation, Body) -> Body,
) -> Response {
    match error_of_own_status(response.status()) {
        None => response.map(|inner| body(operation, inner)),
        Some(error) => {
            operation.fail_call(error.into());
            response
        }
    }
}

/// Keeps an operation running until the end of a body. The tokens and usage of a body in the format of OpenAI's
/// streaming API are read from it; the bytes pass unchanged.
#[cfg(feature = "sse")]
pub fn body(operation: Operation, body: Body) -> Body {
    if !operation.is_enabled() {
        return body;
    }
    let remaining = RemainingSize::of(&body);
    let observed = crate::sse::observe(operation, crate::sse::Dialect::OpenAi, BodyStream { body });
    Body::new(StreamBody::new(observed, remaining))
}

/// Keeps an operation running until the end of a body.
#[cfg(not(feature = "sse"))]
pub fn body(operation: Operation, body: Body) -> Body {
    body_with(operation, body, |_: &Bytes| Chunk::no_tokens(), false)
}

/// Keeps an operation running until the end of a body, with a function that returns the [`Chunk`] (tokens, finish
/// reason, error) of the bytes of each data frame. If `needs_finish_reason` is false, the body may end without one. An
/// error of the body ends the operation as `failed`, with the error type that was marked before, else `_OTHER`. The
/// body of a disabled operation is returned unchanged.
pub fn body_with<C: Into<Chunk>>(
    operation: Operation,
    body: Body,
    mut tokens: impl FnMut(&Bytes) -> C + Send + 'static,
    needs_finish_reason: bool,
) -> Body {
    if !operation.is_enabled() {
        return body;
    }
    let remaining = RemainingSize::of(&body);
    let observed =
        operation.observe_with(BodyStream { body }, move |item: &Result<BodyFrame, axum::Error>| match item {
            Ok(BodyFrame(frame)) => frame.data_ref().map_or_else(Chunk::ignored, |bytes| tokens(bytes).into()),
            Err(_) => Chunk::failed(ErrorType::Other),
        });
    let observed = if needs_finish_reason { observed } else { observed.without_finish_reason() };
    Body::new(StreamBody::new(observed, remaining))
}
