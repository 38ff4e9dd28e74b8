//! A stream of bytes that is observed while it passes.

mod bytes_item;
mod chunk_accumulator;

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
use super::decoder::Decoder;
use super::decoder_state::DecoderSinks;
#[cfg(feature = "content")]
use super::delta::ContentDelta;
use super::dialect::Dialect;
use super::event::Event;
use crate::observer::Chunk;
use crate::observer::Described;
use crate::observer::Marker;
use crate::observer::ObservedStream;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;
use crate::timing::Producer;

/// Observes an operation by the bytes of its streamed answer. Every item passes untouched and at once; the operation
/// ends when the stream ends, fails or is dropped.
///
/// Items are bytes ([`AsRef<[u8]>`](AsRef)) or `Result`s of them. For the metrics of time a chunk is a whole frame, at
/// the moment at which its last byte came: half a frame or a keep-alive is none, and frames of one item share its time.
///
/// Usage, the finish reason, the answer's id and model, and errors inside it are marked on the operation. An error
/// before anything was generated that says that the upstream would not (its filter, its limits, the request) ends it
/// as rejected. An `Err` item before the end of the answer ends it as failed with `upstream`. So does a stream that ends
/// by itself before it generated anything, and one that has generated something and ends before a choice of it has a
/// finish reason, without its dialect's own end: it was cut off. Embeddings generate nothing.
///
/// A stream has ended when it says so, when its `size_hint` says that nothing follows, or with the last byte of
/// [the length of the answer](Decoder::content_length).
///
/// With the feature `content`, and where content is captured, what the answer says goes to the operation too: what a
/// [`Marker`] would be given piece by piece. Of media that a model makes the transcript goes along, and nothing of a frame
/// that is longer than the bound.
///
/// For another bound than 1 MiB give a [`Decoder`] where the dialect stands.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect, Decoder};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let observer = Observer::builder().model("m").build()?;
/// let upstream = stream::iter([Ok(b"data: [DONE]\n\n".to_vec()), Err("connection reset")]);
/// let reader = Decoder::new(Dialect::OpenAi).bound(64 * 1024);
/// let mut watched = sse::observe(observer.chat("m").start(), reader, upstream);
/// assert_eq!(watched.next().await, Some(Ok(b"data: [DONE]\n\n".to_vec())));
/// assert_eq!(watched.next().await, Some(Err("connection reset")));
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
pub fn observe<S, K>(operation: Operation, reader: impl Into<Decoder>, stream: S) -> ObservedBytes<S>
where
    S: Stream,
    S::Item: BytesItem<K>,
{
    observe_with(operation, reader, stream, ignore as fn(&Event<'_>))
}

/// As [`observe()`], and shows every event as it passes: the response's id, or the usage that somebody bills.
///
/// Nothing is shown of an operation of a [disabled](crate::Observer::disabled) observer, which is not read.
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
/// let watched = sse::observe_with(observer.chat("m").start(), Dialect::OpenAi, upstream, move |event: &Event<'_>| {
///     if let Event::Id(id) = event {
///         *seen.lock().unwrap() = (*id).to_owned();
///     }
/// });
/// assert_eq!(watched.count().await, 1);
/// assert_eq!(*id.lock().unwrap(), "c1");
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
pub fn observe_with<S, K, F>(operation: Operation, reader: impl Into<Decoder>, stream: S, on: F) -> ObservedBytes<S, F>
where
    S: Stream,
    S::Item: BytesItem<K>,
    F: FnMut(&Event<'_>),
{
    let mut watch =
        operation.is_enabled().then(|| Box::new(ResponseTracker::new(reader.into(), operation.marker().clone(), on)));
    if let Some(watch) = watch.take_if(|watch| watch.has_all_bytes() || is_exhausted(&stream)) {
        // Nobody polls a body of length zero.
        let _ = watch.end();
    }
    let parsed = DecodedStream { inner: stream, watch, bytes: <S::Item as BytesItem<K>>::bytes };
    ObservedBytes { observed: operation.observe_with(parsed, chunk_of) }
}

const fn ignore(_event: &Event<'_>) {}

/// Whether the stream itself says that nothing follows.
fn is_exhausted(stream: &impl Stream) -> bool {
    stream.size_hint() == (0, Some(0))
}

fn chunk_of<T>((_, chunk): &(T, Chunk)) -> Chunk {
    chunk.clone()
}

pin_project! {
    /// A stream of bytes that is observed while it passes. Made by [`observe()`].
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
    /// Declares who drives the producer. Defaults to [`Producer::Push`], which is right for whatever comes from a
    /// socket. Call it before the first poll.
    pub fn producer(self, drive: Producer) -> Self {
        Self { observed: self.observed.producer(drive) }
    }

    /// A handle for other threads. After the end it marks nothing.
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
    /// The stream with what each item carries beside it.
    struct DecodedStream<S: Stream, F> {
        #[pin]
        inner: S,
        watch: Option<Box<ResponseTracker<F>>>,
        bytes: fn(&S::Item) -> Option<&[u8]>,
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> Stream for DecodedStream<S, F> {
    type Item = (S::Item, Chunk);

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(item) = ready!(this.inner.as_mut().poll_next(context)) else {
            if let Some(watch) = this.watch.take() {
                let marker = watch.marker.clone();
                // An error in an event that lacked its end has no item to stand in.
                if let Some(error) = watch.end().error {
                    marker.set_error(error);
                }
            }
            return Poll::Ready(None);
        };
        let chunk = match ((this.bytes)(&item), this.watch.as_mut()) {
            (Some(bytes), Some(watch)) => {
                let chunk = watch.observe_bytes(bytes);
                match this.watch.take_if(|watch| watch.has_all_bytes() || is_exhausted(&*this.inner)) {
                    // Who counts the bytes does not come back for the end.
                    Some(watch) => chunk.merge(watch.end()).last(),
                    None => chunk,
                }
            }
            (Some(_), None) => Chunk::no_tokens(),
            // Some servers drop the connection where they should close it: that takes nothing from a whole answer.
            (None, Some(watch)) if watch.is_complete() => Chunk::ignored(),
            (None, _) => {
                *this.watch = None;
                Chunk::failed(ErrorType::Upstream)
            }
        };
        Poll::Ready(Some((item, chunk)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

/// What comes may have text in it.
impl<S: Stream, F> fmt::Debug for DecodedStream<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedStream").finish_non_exhaustive()
    }
}

/// One answer that is read.
struct ResponseTracker<F> {
    reader: Decoder,
    gathered: ChunkAccumulator,
    marker: Marker,
    /// How many bytes came.
    bytes_read: u64,
    /// Whether the words are wanted too. That does not change under way.
    #[cfg(feature = "content")]
    captures: bool,
    on: F,
}

impl<F: FnMut(&Event<'_>)> ResponseTracker<F> {
    fn new(reader: Decoder, marker: Marker, on: F) -> Self {
        Self {
            reader,
            gathered: ChunkAccumulator::new(marker.generates()),
            bytes_read: 0,
            #[cfg(feature = "content")]
            captures: marker.captures(),
            marker,
            on,
        }
    }

    fn observe_bytes(&mut self, bytes: &[u8]) -> Chunk {
        self.bytes_read = self.bytes_read.saturating_add(bytes.len() as u64);
        self.chunk(|reader, to| reader.read(bytes, to))
    }

    fn chunk(&mut self, read: impl FnOnce(&mut Decoder, &mut DecoderSinks<'_>)) -> Chunk {
        let before = self.reader.frames();
        self.decode_with(read);
        self.gathered.chunk(self.reader.frames() - before)
    }

    /// Whether every byte of the answer came, as far as its length is known.
    fn has_all_bytes(&self) -> bool {
        self.reader.declared_length().is_some_and(|length| self.bytes_read >= length)
    }

    fn is_complete(&self) -> bool {
        self.gathered.is_complete(self.reader.dialect() != Dialect::Gemini)
    }

    /// The stream ended by itself. Returns what a last event said that lacked its end.
    fn end(mut self) -> Chunk {
        let chunk = self.chunk(Decoder::end);
        self.gathered.end(&self.marker);
        chunk
    }

    /// Reads something and is told what it says.
    fn decode_with(&mut self, read: impl FnOnce(&mut Decoder, &mut DecoderSinks<'_>)) {
        let Self { reader, gathered, marker, on, .. } = self;
        let mut event = |event: Event<'_>| {
            on(&event);
            gathered.event(event, marker);
        };
        #[cfg(feature = "content")]
        let mut words = |said: ContentDelta<'_>| said.record_on(marker);
        read(
            reader,
            &mut DecoderSinks {
                on: &mut event,
                #[cfg(feature = "content")]
                on_delta: self.captures.then_some(&mut words),
            },
        );
    }
}
