//! Responses of server-sent events that end their operation.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use ::axum::response::Sse;
use ::axum::response::sse::Event;
use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::observer::Chunk;
use crate::observer::Described;
use crate::observer::ObservedStream;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;

/// The events of a stream that reports its items to an operation.
pub type ObservedEvents<S, F, E> = ObservedStream<Events<S, F>, Described<fn(&Result<Event, E>) -> Chunk>>;

/// Returns a response that sends each item of a stream as an event. The operation ends when the stream ends, returns an
/// error, or is dropped because the client disconnects. In the gateway and client roles, an answer needs a finish
/// reason, from a chunk or a marker; see [`ObservedStream::without_finish_reason`].
///
/// The closure returns the chunk and the event of an item. An error ends the response; its error type is the type set
/// on the operation before, otherwise `_OTHER`. To notify the client first, send an event with [`Chunk::failed`].
///
/// ```
/// use std::convert::Infallible;
///
/// use axum::response::IntoResponse;
/// use axum::response::sse::Event;
/// use axum::response::sse::KeepAlive;
/// use futures_util::stream;
/// use llmobs::Chunk;
/// use llmobs::tower::axum::CurrentObserver;
/// use llmobs::tower::axum::sse;
///
/// async fn chat(CurrentObserver(observer): CurrentObserver) -> impl IntoResponse {
///     let operation = observer.chat("m").start();
///     let tokens = stream::iter(["Hello", ",", " world"]);
///     sse(operation, tokens, |token| Ok::<_, Infallible>((Chunk::tokens(1), Event::default().data(token))))
///         .keep_alive(KeepAlive::default())
/// }
/// ```
pub fn sse<S, F, E>(operation: Operation, items: S, event: F) -> Sse<ObservedEvents<S, F, E>>
where
    S: Stream + Send + 'static,
    F: FnMut(S::Item) -> Result<(Chunk, Event), E> + Send + 'static,
    E: Into<::axum::BoxError> + 'static,
{
    Sse::new(
        operation.observe_with(Events { items, to_event: event }, take_last_chunk as fn(&Result<Event, E>) -> Chunk),
    )
}

pin_project! {
    /// A stream that converts the items of another stream into events.
    #[must_use = "streams do nothing unless polled"]
    pub struct Events<S, F> {
        #[pin]
        items: S,
        to_event: F,
    }
}

impl<S, F, E> Stream for Events<S, F>
where
    S: Stream,
    F: FnMut(S::Item) -> Result<(Chunk, Event), E>,
{
    type Item = Result<Event, E>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Event, E>>> {
        let this = self.project();
        this.items.poll_next(context).map(|item| {
            let (chunk, event) = match (this.to_event)(item?) {
                Ok((chunk, event)) => (chunk, Ok(event)),
                Err(error) => (Chunk::failed(ErrorType::Other), Err(error)),
            };
            LAST_CHUNK.set(Some(chunk));
            Some(event)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}

impl<S: fmt::Debug, F> fmt::Debug for Events<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("items", &self.items).finish_non_exhaustive()
    }
}

thread_local! {
    /// The chunk of the event that was made last. An `Event` cannot be inspected, and the surrounding stream takes the
    /// chunk on the same thread before other code runs.
    static LAST_CHUNK: Cell<Option<Chunk>> = const { Cell::new(None) };
}

fn take_last_chunk<E>(_: &Result<Event, E>) -> Chunk {
    LAST_CHUNK.take().unwrap_or_default()
}
