//! A stream of bytes that is observed while it passes.

mod gathered;
mod piece;

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use futures_core::Stream;
use pin_project_lite::pin_project;

use self::gathered::Gathered;
pub use self::piece::Fallible;
pub use self::piece::Piece;
pub use self::piece::Plain;
use super::dialect::Dialect;
use super::event::Event;
use super::reader::Reader;
#[cfg(feature = "content")]
use super::said::Said;
use super::story::Listener;
use crate::observer::Chunk;
use crate::observer::Marker;
use crate::observer::Observed;
use crate::observer::Operation;
use crate::observer::With;
use crate::semconv::value::ErrorType;
use crate::timing::Drive;

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
/// [the length of the answer](Reader::length).
///
/// With the feature `content`, and where content is captured, what the answer says goes to the operation too: what a
/// [`Marker`] would be given piece by piece. Of media that a model makes the transcript goes along, and nothing of a frame
/// that is longer than the bound.
///
/// For another bound than 1 MiB give a [`Reader`] where the dialect stands.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect, Reader};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let observer = Observer::builder().model("m").build()?;
/// let upstream = stream::iter([Ok(b"data: [DONE]\n\n".to_vec()), Err("connection reset")]);
/// let reader = Reader::new(Dialect::OpenAi).bound(64 * 1024);
/// let mut watched = sse::observe(observer.chat("m").start(), reader, upstream);
/// assert_eq!(watched.next().await, Some(Ok(b"data: [DONE]\n\n".to_vec())));
/// assert_eq!(watched.next().await, Some(Err("connection reset")));
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
pub fn observe<S, K>(operation: Operation, reader: impl Into<Reader>, stream: S) -> Watched<S>
where
    S: Stream,
    S::Item: Piece<K>,
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
pub fn observe_with<S, K, F>(operation: Operation, reader: impl Into<Reader>, stream: S, on: F) -> Watched<S, F>
where
    S: Stream,
    S::Item: Piece<K>,
    F: FnMut(&Event<'_>),
{
    let mut watch = operation.is_enabled().then(|| Box::new(Watch::new(reader.into(), operation.marker(), on)));
    if let Some(watch) = watch.take_if(|watch| watch.has_all() || has_ended(&stream)) {
        // Nobody polls a body of length zero.
        let _ = watch.end();
    }
    let parsed = Parsed { inner: stream, watch, bytes: <S::Item as Piece<K>>::bytes };
    Watched { observed: operation.observe_with(parsed, told) }
}

const fn ignore(_event: &Event<'_>) {}

/// Whether the stream itself says that nothing follows.
fn has_ended(stream: &impl Stream) -> bool {
    stream.size_hint() == (0, Some(0))
}

fn told<T>((_, chunk): &(T, Chunk)) -> Chunk {
    chunk.clone()
}

pin_project! {
    /// A stream of bytes that is observed while it passes. Made by [`observe()`].
    #[must_use = "streams do nothing unless polled"]
    pub struct Watched<S, F = fn(&Event<'_>)>
    where
        S: Stream,
        F: FnMut(&Event<'_>),
    {
        #[pin]
        observed: Observed<Parsed<S, F>, With<Tell<S>>>,
    }
}

type Tell<S> = fn(&(<S as Stream>::Item, Chunk)) -> Chunk;

impl<S: Stream, F: FnMut(&Event<'_>)> Watched<S, F> {
    /// Declares who drives the producer. Defaults to [`Drive::Eager`], which is right for whatever comes from a
    /// socket. Call it before the first poll.
    pub fn drive(self, drive: Drive) -> Self {
        Self { observed: self.observed.drive(drive) }
    }

    /// A handle for other threads. After the end it marks nothing.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.observed.marker()
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> Stream for Watched<S, F> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.project().observed.poll_next(context).map(|item| item.map(|(item, _)| item))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.observed.size_hint()
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> fmt::Debug for Watched<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("observed", &self.observed).finish()
    }
}

pin_project! {
    /// The stream with what each item carries beside it.
    struct Parsed<S: Stream, F> {
        #[pin]
        inner: S,
        watch: Option<Box<Watch<F>>>,
        bytes: fn(&S::Item) -> Option<&[u8]>,
    }
}

impl<S: Stream, F: FnMut(&Event<'_>)> Stream for Parsed<S, F> {
    type Item = (S::Item, Chunk);

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let Some(item) = ready!(this.inner.as_mut().poll_next(context)) else {
            if let Some(watch) = this.watch.take() {
                let marker = watch.marker.clone();
                // An error in an event that lacked its end has no item to stand in.
                if let Some(error) = watch.end().error {
                    marker.failing(error);
                }
            }
            return Poll::Ready(None);
        };
        let chunk = match ((this.bytes)(&item), this.watch.as_mut()) {
            (Some(bytes), Some(watch)) => {
                let chunk = watch.piece(bytes);
                match this.watch.take_if(|watch| watch.has_all() || has_ended(&*this.inner)) {
                    // Who counts the bytes does not come back for the end.
                    Some(watch) => chunk.and(watch.end()).last(),
                    None => chunk,
                }
            }
            (Some(_), None) => Chunk::empty(),
            // Some servers drop the connection where they should close it: that takes nothing from a whole answer.
            (None, Some(watch)) if watch.is_whole() => Chunk::silent(),
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
impl<S: Stream, F> fmt::Debug for Parsed<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parsed").finish_non_exhaustive()
    }
}

/// One answer that is read.
struct Watch<F> {
    reader: Reader,
    gathered: Gathered,
    marker: Marker,
    /// How many bytes came.
    read: u64,
    /// Whether the words are wanted too. That does not change under way.
    #[cfg(feature = "content")]
    captures: bool,
    on: F,
}

impl<F: FnMut(&Event<'_>)> Watch<F> {
    fn new(reader: Reader, marker: Marker, on: F) -> Self {
        Self {
            reader,
            gathered: Gathered::new(marker.generates()),
            read: 0,
            #[cfg(feature = "content")]
            captures: marker.captures(),
            marker,
            on,
        }
    }

    fn piece(&mut self, bytes: &[u8]) -> Chunk {
        self.read = self.read.saturating_add(bytes.len() as u64);
        self.chunk(|reader, to| reader.read(bytes, to))
    }

    fn chunk(&mut self, read: impl FnOnce(&mut Reader, &mut Listener<'_>)) -> Chunk {
        let before = self.reader.frames();
        self.told(read);
        self.gathered.chunk(self.reader.frames() - before)
    }

    /// Whether every byte of the answer came, as far as its length is known.
    fn has_all(&self) -> bool {
        self.reader.declared_length().is_some_and(|length| self.read >= length)
    }

    fn is_whole(&self) -> bool {
        self.gathered.is_whole(self.reader.dialect() != Dialect::Gemini)
    }

    /// The stream ended by itself. Returns what a last event said that lacked its end.
    fn end(mut self) -> Chunk {
        let chunk = self.chunk(Reader::end);
        self.gathered.end(&self.marker);
        chunk
    }

    /// Reads something and is told what it says.
    fn told(&mut self, read: impl FnOnce(&mut Reader, &mut Listener<'_>)) {
        let Self { reader, gathered, marker, on, .. } = self;
        let mut event = |event: Event<'_>| {
            on(&event);
            gathered.event(event, marker);
        };
        #[cfg(feature = "content")]
        let mut words = |said: Said<'_>| said.mark(marker);
        read(
            reader,
            &mut Listener {
                on: &mut event,
                #[cfg(feature = "content")]
                ear: self.captures.then_some(&mut words),
            },
        );
    }
}
