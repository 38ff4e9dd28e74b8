//! Observation of an operation (one model call) through the bytes of its streamed response.
//!
//! An *item* is one value of the stream of bytes. A *frame* is one unit of the response's format, such as an SSE event;
//! an item may contain a part of a frame, or several. An [`Event`] is a fact that the decoder finds in a frame, such as
//! a delta or the usage. A [`Chunk`] is the sum of what the frames that end in one item add to the operation.

mod bytes_item;
mod chunk_accumulator;
mod frame_anomalies;

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use futures_core::Stream;
use pin_project_lite::pin_project;

pub use self::bytes_item::BytesItem;
pub use self::bytes_item::FallibleBytes;
pub use self::bytes_item::PlainBytes;
use self::chunk_accumulator::ChunkAccumulator;
use self::frame_anomalies::FrameAnomalies;
#[cfg(feature = "content")]
use super::content_delta::ContentDelta;
use super::decoder::Decoder;
use super::dialect::Dialect;
use super::event::Event;
use super::sinks::DecoderSinks;
use crate::observer::Chunk;
use crate::observer::Described;
use crate::observer::Marker;
use crate::observer::ObservedStream;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;
use crate::timing::Producer;

/// Observes an operation through the bytes of its streamed response. Every item passes unchanged and without delay.
///
/// Items are bytes ([`AsRef<[u8]>`](AsRef)), split at any position, or `Result`s of bytes. A frame is one SSE event,
/// one line of NDJSON or one JSON object. In the time metrics, each complete frame is one chunk, at the moment of the
/// item with its last byte, so frames that end in the same item have the same time. Keep-alives, `[DONE]` and frames
/// that are not JSON are not chunks.
///
/// Usage, finish reasons, the id and model of the response, and errors inside the response are recorded on the
/// operation. With the feature `content`, and if content is captured, the content of the response is passed to it too,
/// as by the `output_*` methods of [`Marker`]. Of generated audio only the transcript is captured.
///
/// # End of the operation
///
/// The operation ends when the stream ends or is dropped, at an error that refuses the request, or at an `Err` item. A
/// response is complete after the dialect's end event, such as `[DONE]` or `message_stop`. Gemini has no end event: its
/// response is complete when every choice with content has a finish reason. An `Err` item after a complete response is
/// passed on and not recorded. The first case that applies determines the outcome:
///
/// - An error was set on a [`Marker`]: `failed` with its type.
/// - The first error in the response comes before any content and refuses the request (`authentication`,
///   `content_filter`, `invalid_request`, `overloaded` or `rate_limited`): `rejected` with its type, at once.
/// - The response contains another error, or an error after content or in a last frame without a terminator: `failed`
///   with the type of the first error, when the stream ends or is dropped.
/// - An `Err` item arrives before the response is complete: `failed` with the error type `upstream`.
/// - The stream ends without the end event, and a choice with content has no finish reason: `failed` with `upstream`.
/// - The stream of a chat, `generate_content` or text completion ends with neither content nor a finish reason:
///   `failed` with `upstream`.
/// - The stream ends otherwise, or is dropped after the end event or after the finish reason of every choice with
///   content: `completed`.
/// - The stream is dropped earlier: as for an [`Operation`] that is dropped, usually `cancelled`.
///
/// The stream has ended when it yields `None`. It has also ended with an item after which its `size_hint` reports that
/// no items follow, or that has the last byte of the [declared length](Decoder::content_length): if it is then dropped
/// without another poll, the cases for an ended stream apply.
///
/// # Frames that are not decoded in full
///
/// A frame longer than the decoder's bound is shortened: its usage, finish reasons and errors are recorded, its content
/// is not captured. If it is still longer than the bound, it is skipped, and only its time is recorded. It may have
/// ended the response, so an end of the stream without content or finish reasons is then not a failure. The bound is 1
/// MiB; to set another one, pass a [`Decoder`] with [`max_frame_bytes`](Decoder::max_frame_bytes) instead of a
/// [`Dialect`].
///
/// `llmobs.self.anomalies` counts the frames that are not JSON (`malformed_frame`), those that are shortened or skipped
/// (`skipped_frame`), and those that have none of the fields of the dialect (`foreign_event`). The first one in a
/// process is also logged as a warning.
///
/// # Example
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect, Decoder};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let observer = Observer::builder().model("m").build()?;
/// let upstream = stream::iter([Ok(b"data: [DONE]\n\n".to_vec()), Err("connection reset")]);
/// let decoder = Decoder::new(Dialect::OpenAi).max_frame_bytes(64 * 1024);
/// let mut observed = sse::observe(observer.chat("m").start(), decoder, upstream);
/// assert_eq!(observed.next().await, Some(Ok(b"data: [DONE]\n\n".to_vec())));
/// assert_eq!(observed.next().await, Some(Err("connection reset")));
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
pub fn observe<S, K>(operation: Operation, decoder: impl Into<Decoder>, stream: S) -> ObservedBytes<S>
where
    S: Stream,
    S::Item: BytesItem<K>,
{
    observe_with(operation, decoder, stream, ignore_event as fn(&Event<'_>))
}

/// Observes an operation like [`observe()`], and calls `on` with every [`Event`] as it is decoded, for example to store
/// the id of the response or the usage to bill. `on` is called during the poll that returns the item with the end of
/// the event's frame. An event that lacks its terminator at the end of the stream is decoded there.
///
/// For an operation of a [disabled](crate::Observer::disabled) observer nothing is decoded, and `on` is not called.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect, Event};
/// use std::sync::{Arc, Mutex};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let observer = Observer::builder().model("m").build()?;
/// let id = Arc::new(Mutex::new(String::new()));
/// let seen = id.clone();
/// let upstream = stream::iter([r#"{"id":"c1","choices":[]}"#]);
/// let observed = sse::observe_with(observer.chat("m").start(), Dialect::OpenAi, upstream, move |event: &Event<'_>| {
///     if let Event::Id(id) = event {
///         *seen.lock().unwrap() = (*id).to_owned();
///     }
/// });
/// assert_eq!(observed.count().await, 1);
/// assert_eq!(*id.lock().unwrap(), "c1");
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
pub fn observe_with<S, K, F>(operation: Operation, decoder: impl Into<Decoder>, stream: S, on: F) -> ObservedBytes<S, F>
where
    S: Stream,
    S::Item: BytesItem<K>,
    F: FnMut(&Event<'_>),
{
    let mut tracker =
        operation.is_enabled().then(|| Box::new(ResponseTracker::new(decoder.into(), operation.marker().clone(), on)));
    if let Some(tracker) = tracker.take_if(|tracker| tracker.has_all_bytes() || is_exhausted(&stream)) {
        // A consumer need not poll an empty body, so the response is ended here.
        let _ = tracker.end_response();
    }
    let own_markers = u8::from(tracker.is_some());
    let decoded = DecodedStream { inner: stream, tracker, bytes_of: <S::Item as BytesItem<K>>::bytes };
    let to_chunk: ChunkFn<S> = chunk_of;
    let observed = operation.observe_with(decoded, to_chunk).with_own_markers(own_markers);
    // `ResponseTracker::end_response` decides whether the response is complete.
    ObservedBytes { observed: observed.without_finish_reason() }
}

const fn ignore_event(_event: &Event<'_>) {}

/// Returns whether the stream's `size_hint` reports that no items follow.
fn is_exhausted(stream: &impl Stream) -> bool {
    stream.size_hint() == (0, Some(0))
}

fn chunk_of<T>((_, chunk): &(T, Chunk)) -> Chunk {
    chunk.clone()
}

pin_project! {
    /// A stream of bytes whose operation is observed. Returned by [`observe()`] and [`observe_with()`].
    #[must_use = "streams do nothing unless polled"]
    pub struct ObservedBytes<S, F = fn(&Event<'_>)>
    where
        S: Stream,
        F: FnMut(&Event<'_>),
    {
        #[pin]
        observed: ObservedStream<DecodedStream<S, F>, Described<ChunkFn<S>>>,
    }
}

/// A function that returns the chunk of an item of [`DecodedStream`].
type ChunkFn<S> = fn(&(<S as Stream>::Item, Chunk)) -> Chunk;

impl<S: Stream, F: FnMut(&Event<'_>)> ObservedBytes<S, F> {
    /// Declares whether the producer of the bytes also runs while the stream is not polled ([`Producer::Push`], the
    /// default, right for a socket) or only while it is polled ([`Producer::Pull`]). Call this method before the first
    /// poll.
    pub fn producer(self, producer: Producer) -> Self {
        Self { observed: self.observed.producer(producer) }
    }

    /// Returns a marker, a handle that records what happens to the operation, for use on other threads. After the end
    /// of the operation, a disabled marker is returned.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.observed.marker()
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> Stream for ObservedBytes<S, F> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.project().observed.poll_next(context).map(|item| item.map(|(item, _)| item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.observed.size_hint()
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> fmt::Debug for ObservedBytes<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedBytes").field("observed", &self.observed).finish()
    }
}

pin_project! {
    /// The inner stream, with each item paired with its chunk.
    struct DecodedStream<S: Stream, F> {
        #[pin]
        inner: S,
        // `None` for a disabled operation, and after the end of the response.
        tracker: Option<Box<ResponseTracker<F>>>,
        // Returns the bytes of an item; `None` for an `Err` item.
        bytes_of: fn(&S::Item) -> Option<&[u8]>,
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> Stream for DecodedStream<S, F> {
    type Item = (S::Item, Chunk);

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(item) = ready!(this.inner.as_mut().poll_next(context)) else {
            if let Some(tracker) = this.tracker.take() {
                let marker = tracker.marker.clone();
                // A last frame without a terminator is decoded only now, and no item is left whose chunk could contain
                // its error. The error is set on the operation, which ends as failed, even if the error is a refusal.
                if let Some(error) = tracker.end_response().error {
                    marker.set_error(error);
                }
            }
            return Poll::Ready(None);
        };
        let chunk = match ((this.bytes_of)(&item), this.tracker.as_mut()) {
            (Some(bytes), Some(tracker)) => {
                let chunk = tracker.observe_bytes(bytes);
                match this.tracker.take_if(|tracker| tracker.has_all_bytes() || is_exhausted(&*this.inner)) {
                    // A consumer that counts the bytes need not poll again for the end.
                    Some(tracker) => chunk.merge(tracker.end_response()).last(),
                    None => chunk,
                }
            }
            (Some(_), None) => Chunk::no_tokens(),
            // Some servers reset the connection instead of closing it. A complete response remains completed.
            (None, Some(tracker)) if tracker.is_complete() => Chunk::ignored(),
            // The end of the response has been decoded, and it was complete or ended the operation.
            (None, None) => Chunk::ignored(),
            // The operation ends with this item, so later bytes are not decoded.
            (None, Some(_)) => {
                *this.tracker = None;
                Chunk::failed(ErrorType::Upstream)
            }
        };
        Poll::Ready(Some((item, chunk)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

/// Prints no fields: the inner stream may contain items with text of the response.
impl<S: Stream, F> fmt::Debug for DecodedStream<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedStream").finish_non_exhaustive()
    }
}

/// Decodes a response and records it on its operation.
struct ResponseTracker<F> {
    decoder: Decoder,
    accumulator: ChunkAccumulator,
    anomalies: FrameAnomalies,
    marker: Marker,
    /// The number of bytes received, compared with the declared length.
    bytes_read: u64,
    /// True if content is captured. Constant during an operation.
    #[cfg(feature = "content")]
    should_capture_content: bool,
    /// The callback of the application.
    on_event: F,
}

impl<F: FnMut(&Event<'_>)> ResponseTracker<F> {
    fn new(decoder: Decoder, marker: Marker, on: F) -> Self {
        Self {
            decoder,
            accumulator: ChunkAccumulator::new(marker.generates()),
            anomalies: FrameAnomalies::default(),
            bytes_read: 0,
            #[cfg(feature = "content")]
            should_capture_content: marker.is_capturing(),
            marker,
            on_event: on,
        }
    }

    /// Decodes the bytes of an item and returns its chunk.
    fn observe_bytes(&mut self, bytes: &[u8]) -> Chunk {
        self.bytes_read = self.bytes_read.saturating_add(bytes.len() as u64);
        self.chunk(|decoder, sinks| decoder.decode(bytes, sinks))
    }

    /// Runs `decode`, and returns the chunk of the frames that it decoded.
    fn chunk(&mut self, decode: impl FnOnce(&mut Decoder, &mut DecoderSinks<'_>)) -> Chunk {
        let before = self.decoder.frame_count();
        self.decode_with(decode);
        self.anomalies.update(&self.decoder, &self.marker);
        self.accumulator.take_chunk(self.decoder.frame_count() - before)
    }

    /// Returns whether all bytes of the declared length have arrived; `false` if the length is not declared.
    fn has_all_bytes(&self) -> bool {
        self.decoder.declared_length().is_some_and(|length| self.bytes_read >= length)
    }

    /// Returns whether the response is complete, so that an `Err` item has no effect. All dialects except Gemini have
    /// an end event.
    fn is_complete(&self) -> bool {
        self.accumulator.is_complete(self.decoder.dialect() != Dialect::Gemini)
    }

    /// Handles the end of the stream: decodes a last frame without a terminator and returns its chunk, records the
    /// remaining finish reasons, and sets an error if the response is incomplete.
    fn end_response(mut self) -> Chunk {
        let chunk = self.chunk(Decoder::decode_end);
        self.accumulator.end_response(&self.marker, self.decoder.has_lost_frames());
        chunk
    }

    /// Decodes bytes. Passes each event to the callback and then to the accumulator, which records it on the marker or
    /// adds it to the chunk. Passes the content to the marker if it is captured.
    fn decode_with(&mut self, decode: impl FnOnce(&mut Decoder, &mut DecoderSinks<'_>)) {
        let Self { decoder, accumulator, marker, on_event: on, .. } = self;
        let mut on_event = |event: Event<'_>| {
            on(&event);
            accumulator.apply_event(event, marker);
        };
        #[cfg(feature = "content")]
        let mut on_delta = |delta: ContentDelta<'_>| delta.record_on(marker);
        decode(
            decoder,
            &mut DecoderSinks {
                on_event: &mut on_event,
                #[cfg(feature = "content")]
                on_delta: self.should_capture_content.then_some(&mut on_delta),
            },
        );
    }
}
