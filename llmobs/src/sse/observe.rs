//! Observation of a stream of bytes.

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

/// Observes an operation through the bytes of its streamed response. Every item passes unchanged and without delay. The
/// operation ends when the stream ends, fails or is dropped.
///
/// Items are bytes ([`AsRef<[u8]>`](AsRef)) or `Result`s of bytes. A frame is one event of the format, such as an SSE
/// event or a line of NDJSON. In the time metrics, a chunk is one complete frame, at the moment when its last byte
/// arrived. An incomplete frame or a keep-alive is not a chunk; frames in the same
/// item have the same time.
///
/// Usage, finish reasons, the id and model of the response, and errors inside the response are recorded on the
/// operation. The operation ends as `rejected` if, before any content, the response contains an error that refuses the
/// request: `authentication`, `content_filter`, `invalid_request`, `overloaded` or `rate_limited`. Other errors, and
/// errors after content, end the operation as `failed` with their type. The operation also ends as `failed` with the
/// error type `upstream` in three cases: an `Err` item arrives before the response is complete; the stream ends without
/// any content (embeddings excepted); or the stream ends after content, with a choice that has no finish reason and
/// without the dialect's end event. The last two cases do not apply if a frame was too long to be decoded, because the
/// frame may have ended the response.
///
/// A stream has ended when it yields `None`, when its `size_hint` reports that no items follow, or when the last byte
/// of the [declared length](Decoder::content_length) has arrived.
///
/// With the feature `content`, and if content is captured, the content of the response is also passed to the operation,
/// as by the `output_*` methods of [`Marker`]. Of generated audio only the transcript is captured. Frames longer than
/// the decoder's [bound](Decoder::max_frame_bytes), by default 1 MiB, are not captured.
///
/// Frames that are not JSON, that are longer than the bound, or that have none of the fields of the dialect are counted
/// in `llmobs.self.anomalies` (`malformed_frame`, `skipped_frame`, `foreign_event`). The first one in a process is also
/// logged as a warning.
///
/// To set another bound, pass a [`Decoder`] instead of a [`Dialect`].
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

/// Observes an operation like [`observe()`], and calls `on` with every event as it is decoded, for example the id of
/// the response or the usage to bill.
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
        // The consumer may not poll an empty body at all, so it is ended here.
        let _ = tracker.end_response();
    }
    let decoded = DecodedStream { inner: stream, tracker, bytes_of: <S::Item as BytesItem<K>>::bytes };
    ObservedBytes { observed: operation.observe_with(decoded, chunk_of) }
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

type ChunkFn<S> = fn(&(<S as Stream>::Item, Chunk)) -> Chunk;

impl<S: Stream, F: FnMut(&Event<'_>)> ObservedBytes<S, F> {
    /// Declares whether the source of the stream makes data by itself ([`Producer::Push`], the default, right for a
    /// socket) or only when it is polled ([`Producer::Pull`]). Call this method before the first poll.
    pub fn producer(self, producer: Producer) -> Self {
        Self { observed: self.observed.producer(producer) }
    }

    /// Returns a marker of the operation, for use on other threads. After the end of the operation, the marker records
    /// nothing.
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
    /// The inner stream, with each item paired with the chunk that it carries.
    struct DecodedStream<S: Stream, F> {
        #[pin]
        inner: S,
        tracker: Option<Box<ResponseTracker<F>>>,
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
                // No item is left to carry an error from an unterminated last event.
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
                    // A consumer that counts the bytes does not poll again for the end.
                    Some(tracker) => chunk.merge(tracker.end_response()).last(),
                    None => chunk,
                }
            }
            (Some(_), None) => Chunk::no_tokens(),
            // Some servers reset the connection instead of closing it. A complete response remains completed.
            (None, Some(tracker)) if tracker.is_complete() => Chunk::ignored(),
            (None, _) => {
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

/// Prints no items: they may contain text of the response.
impl<S: Stream, F> fmt::Debug for DecodedStream<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedStream").finish_non_exhaustive()
    }
}

/// The state of a response that is being decoded.
struct ResponseTracker<F> {
    decoder: Decoder,
    accumulator: ChunkAccumulator,
    anomalies: FrameAnomalies,
    marker: Marker,
    /// The number of bytes received.
    bytes_read: u64,
    /// True if content is captured. Constant during an operation.
    #[cfg(feature = "content")]
    should_capture_content: bool,
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

    fn observe_bytes(&mut self, bytes: &[u8]) -> Chunk {
        self.bytes_read = self.bytes_read.saturating_add(bytes.len() as u64);
        self.chunk(|decoder, sinks| decoder.decode(bytes, sinks))
    }

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

    fn is_complete(&self) -> bool {
        self.accumulator.is_complete(self.decoder.dialect() != Dialect::Gemini)
    }

    /// Handles the end of the stream. Returns the chunk of a last event that was not terminated.
    fn end_response(mut self) -> Chunk {
        let chunk = self.chunk(Decoder::decode_end);
        self.accumulator.end_response(&self.marker, self.decoder.has_lost_frames());
        chunk
    }

    /// Decodes bytes and passes the events and content to the accumulator, the callback and the marker.
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
