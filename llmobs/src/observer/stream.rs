//! The wrapper of an operation's stream, which passes every item on unchanged and records its time.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_core::Stream;
use pin_project_lite::pin_project;
use tracing::Span;

use super::chunk::Chunk;
use super::chunk::StreamItem;
use super::end;
use super::end::CountedTokens;
use super::end::Ending;
use super::end::StreamEnd;
use super::gap_histogram::GapHistogram;
use super::gap_histogram::PER_CHUNK;
use super::gap_histogram::PER_TOKEN;
use super::marker::Marker;
use super::operation::RunningOperation;
use crate::catalog::RowId;
use crate::clock::Clock;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::StallCause;
use crate::timing::Producer;
use crate::timing::TimedItem;
use crate::timing::Timing;
use crate::timing::TimingStep;

/// The interval at which a running stream merges its recorded values into the sinks, in nanoseconds.
const FLUSH_INTERVAL: u64 = 1_000_000_000;

/// The shortest pause that counts as a stall, in nanoseconds.
const STALL: u64 = 1_000_000_000;

pin_project! {
    /// A stream that records its items for an operation, and ends the operation when the stream ends, fails or is
    /// dropped.
    ///
    /// An item costs two readings of the clock and a few additions: no lock, no allocation, no atomic
    /// read-modify-write.
    #[must_use = "streams do nothing unless polled"]
    pub struct ObservedStream<S: Stream, C> {
        #[pin]
        inner: S,
        carry: C,
        flow: Option<Box<StreamState>>,
    }

    impl<S: Stream, C> PinnedDrop for ObservedStream<S, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(mut flow) = this.flow.take() {
                // A consumer that counts bytes, for example up to a Content-Length, need not poll for the end of the
                // stream. After a panic, `size_hint` is not called: a second panic would abort the process.
                let may_ask = !flow.polling && !std::thread::panicking();
                flow.is_answer_complete |= may_ask && this.inner.size_hint() == (0, Some(0));
                flow.dropped();
            }
        }
    }
}

impl<S: Stream, C> ObservedStream<S, C> {
    pub(super) fn new(inner: S, running: Option<RunningOperation>, carry: C) -> Self {
        Self { inner, carry, flow: running.map(|running| Box::new(StreamState::new(running))) }
    }

    /// Sets whether the producer runs by itself or only while polled. Defaults to [`Producer::Push`]. Call it before
    /// the first poll.
    pub fn producer(mut self, producer: Producer) -> Self {
        if let Some(flow) = &mut self.flow {
            flow.timing = timing(producer, &flow.running);
        }
        self
    }

    /// Polls the stream in the operation's span, so that its log events and child spans belong to the operation's
    /// trace. Each poll then enters the span, which costs time. Off by default.
    pub fn entered(mut self) -> Self {
        if let Some(flow) = &mut self.flow {
            flow.entered = true;
        }
        self
    }

    /// Returns a marker for other threads. Once the stream has ended, the marker is disabled.
    #[must_use]
    pub fn marker(&self) -> Marker {
        Marker::new(self.flow.as_ref().map(|flow| std::sync::Arc::clone(&flow.running.live)))
    }
}

impl<S, C> Stream for ObservedStream<S, C>
where
    S: Stream,
    C: ItemReader<S::Item>,
{
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        // Short enough to be inlined into the caller: a disabled stream costs one comparison.
        if self.flow.is_none() { self.project().inner.poll_next(context) } else { self.poll_observed(context) }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<S, C> ObservedStream<S, C>
where
    S: Stream,
    C: ItemReader<S::Item>,
{
    #[inline]
    fn poll_observed(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let mut span = None;
        if let Some(flow) = this.flow.as_mut() {
            flow.poll();
            span = flow.entered_span();
        }
        let polled = match span {
            None => this.inner.poll_next(context),
            Some(span) => span.in_scope(|| this.inner.poll_next(context)),
        };
        let Some(flow) = this.flow.as_mut() else { return polled };
        match polled {
            Poll::Pending => {
                flow.polling = false;
                flow.timing.pending();
            }
            Poll::Ready(Some(ref item)) => {
                // The application's closure runs here: `polling` is still set, so a panic in it counts as a panic of
                // the stream.
                let chunk = this.carry.carry(item);
                flow.polling = false;
                #[cfg(feature = "content")]
                if flow.captures {
                    flow.capture_text(chunk.choice, chunk.reasoning > chunk.text, this.carry.text(item));
                }
                let ending = flow.item(&chunk);
                if let (Some(ending), Some(flow)) = (ending, this.flow.take_if(|_| ending.is_some())) {
                    flow.finish(ending);
                }
            }
            Poll::Ready(None) => {
                if let Some(flow) = this.flow.take() {
                    flow.ended();
                }
            }
        }
        polled
    }
}

/// Omits the inner stream, which may contain items.
impl<S: Stream, C> fmt::Debug for ObservedStream<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedStream").field("enabled", &self.flow.is_some()).finish_non_exhaustive()
    }
}

/// A way to read the content of an item.
pub trait ItemReader<Item> {
    /// Returns the tokens, finish reason and error that the item carries.
    fn carry(&mut self, item: &Item) -> Chunk;

    /// Returns the text that the item adds to the answer, if known.
    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        let _ = item;
        None
    }
}

/// The item reader of items that implement [`StreamItem`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SelfDescribing;

impl<Item: StreamItem> ItemReader<Item> for SelfDescribing {
    fn carry(&mut self, item: &Item) -> Chunk {
        item.carries()
    }

    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        item.text()
    }
}

/// The item reader that calls a closure.
#[derive(Clone, Copy)]
pub struct Described<F>(pub(super) F);

impl<F> fmt::Debug for Described<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Described")
    }
}

impl<Item, F, T> ItemReader<Item> for Described<F>
where
    F: FnMut(&Item) -> T,
    T: Into<Chunk>,
{
    fn carry(&mut self, item: &Item) -> Chunk {
        (self.0)(item).into()
    }
}

/// The state of an observed stream while it runs.
struct StreamState {
    running: RunningOperation,
    /// A copy of the observer's clock, which saves two pointer dereferences before each reading.
    clock: Clock,
    timing: Timing,
    counted: CountedTokens,
    tokens: GapHistogram,
    /// Gaps between chunks, in the gateway and client roles only.
    chunks: Option<GapHistogram>,
    flushed_at: u64,
    handed_at: Option<u64>,
    /// Set while the inner stream is polled. If it is set at the drop, the inner stream panicked.
    polling: bool,
    /// Set when the answer is complete and only the end of the stream is missing.
    is_answer_complete: bool,
    /// Set if the inner stream is polled in the operation's span.
    entered: bool,
    /// Set if the texts of items are captured.
    #[cfg(feature = "content")]
    captures: bool,
}

impl StreamState {
    fn new(running: RunningOperation) -> Self {
        let series = &running.live.series;
        Self {
            clock: running.live.core.clock.clone(),
            timing: timing(Producer::Push, &running),
            counted: CountedTokens::default(),
            tokens: GapHistogram::new(series, &PER_TOKEN),
            chunks: series.key.role.is_remote().then(|| GapHistogram::new(series, &PER_CHUNK)),
            flushed_at: running.live.times.t0,
            handed_at: None,
            polling: false,
            is_answer_complete: false,
            entered: false,
            #[cfg(feature = "content")]
            captures: running.live.captures,
            running,
        }
    }

    #[inline]
    fn entered_span(&self) -> Option<&Span> {
        if self.entered { self.running.span.as_ref().map(|held| held.span()) } else { None }
    }

    #[inline]
    fn poll(&mut self) {
        if self.timing.is_consumer_away() {
            let away = self.timing.poll(self.now());
            self.running.live.times.consumer_returned(self.timing.away());
            if away >= STALL {
                self.stalled(StallCause::Consumer);
            }
        }
        self.polling = true;
    }

    /// Records an item. Returns the ending of the operation if the item carries an error.
    #[inline]
    fn item(&mut self, chunk: &Chunk) -> Option<Ending> {
        let now = self.now();
        if let Some(error) = chunk.error {
            return Some(self.ending_of_error(error, chunk.refused));
        }
        let seen = TimedItem {
            tokens: chunk.tokens,
            frames: chunk.frames,
            visible: chunk.visible,
            choice: chunk.choice,
            produced_at: chunk.produced_at.map(|moment| moment.as_nanos()),
        };
        if self.timing.is_steady() {
            let step = self.timing.ready(now, &seen);
            self.settled(&step);
        } else {
            self.first(now, &seen);
        }
        self.counted.text += u64::from(chunk.text);
        self.counted.reasoning += u64::from(chunk.reasoning);
        if let Some(reason) = &chunk.finish_reason {
            self.finishing(chunk.choice, reason);
        }
        self.is_answer_complete |= chunk.last;
        self.handed_at = Some(now);
        if now.saturating_sub(self.flushed_at) >= FLUSH_INTERVAL {
            self.flush(now);
        }
        self.running.live.consumer_left(now, self.counted.total());
        None
    }

    /// Records an item until the first token and the first chunk have been recorded.
    #[cold]
    fn first(&mut self, now: u64, seen: &TimedItem) {
        let live = &self.running.live;
        if let (None, Some(marked)) = (self.timing.first_token(), live.first_token()) {
            self.timing.first_token_was_at(marked);
        }
        let step = self.timing.ready(now, seen);
        if let Some(at) = step.first_token {
            live.first_token_at(at);
        }
        if let Some(at) = step.ttft_at {
            live.ttft_was(at);
        }
        if let Some(at) = step.first_chunk {
            let waited = at.saturating_sub(live.times.t0);
            live.first_chunk.set(waited);
            live.series.time(RowId::ClientFirstChunk, 0, waited, live.link);
            live.series.time(RowId::InferenceFirstChunk, 0, waited, live.link);
        }
        self.settled(&step);
    }

    /// Records the gaps of an item and counts a stall.
    #[inline]
    fn settled(&mut self, step: &TimingStep) {
        let series = &self.running.live.series;
        if let Some(share) = step.tokens {
            self.tokens.record(series, &PER_TOKEN, share);
        }
        if let (Some(share), Some(chunks)) = (step.chunks, &mut self.chunks) {
            chunks.record(series, &PER_CHUNK, share);
        }
        if step.gap.is_some_and(|gap| gap >= STALL) {
            self.stalled(StallCause::Engine);
        }
    }

    #[cold]
    fn ending_of_error(&self, error: ErrorType, refused: bool) -> Ending {
        // A stream that has carried tokens was admitted.
        let refused = refused && self.counted.total() == 0;
        match self.running.live.error() {
            None if refused => Ending::Rejected(error),
            marked => Ending::Failed(marked.unwrap_or(error)),
        }
    }

    #[cold]
    fn stalled(&self, cause: StallCause) {
        self.running.live.stalled();
        self.running.live.series.add(RowId::Stall, cause.index(), 1);
    }

    /// Captures the text of an item. Kept out of line, so that the chunk stays in registers when content is not
    /// captured.
    #[cfg(feature = "content")]
    #[cold]
    fn capture_text(&self, choice: u32, is_reasoning: bool, text: Option<&str>) {
        let Some(text) = text else { return };
        self.running.live.gather(|gathering| match is_reasoning {
            true => gathering.push_reasoning(choice, text),
            false => gathering.push_text(choice, text),
        });
    }

    #[cold]
    fn finishing(&self, choice: u32, reason: &FinishReason) {
        self.running.live.finish(choice, reason.clone());
    }

    #[cold]
    fn flush(&mut self, now: u64) {
        self.flushed_at = now;
        self.flush_gaps();
        if !self.running.live.reports_usage {
            self.counted.record(&self.running.live.series);
        }
    }

    fn flush_gaps(&mut self) {
        let series = &self.running.live.series;
        self.tokens.flush(series, &PER_TOKEN);
        if let Some(chunks) = &mut self.chunks {
            chunks.flush(series, &PER_CHUNK);
        }
    }

    #[inline]
    fn now(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    /// Ends the operation after the stream has ended by itself.
    fn ended(self: Box<Self>) {
        let ending = self.running.live.error().map_or(Ending::Completed, Ending::Failed);
        self.finish(ending);
    }

    fn dropped(self: Box<Self>) {
        let panicked = self.polling || std::thread::panicking();
        let ending = end::decide(&self.running.live, panicked, self.is_answer_complete, self.running.live.now());
        self.finish(ending);
    }

    fn finish(mut self: Box<Self>, ending: Ending) {
        let now = self.running.live.now();
        let complete = ending == Ending::Completed;
        let summary = self.timing.end(now, complete);
        self.flush_gaps();
        let ended_at = if complete { self.handed_at.unwrap_or(now) } else { now };
        let stream = StreamEnd { summary, counted: self.counted };
        end::finish(self.running, ending, ended_at, now, Some(&stream));
    }
}

/// Returns the timing of a stream. Times of chunks are measured in the client and gateway roles only.
fn timing(producer: Producer, running: &RunningOperation) -> Timing {
    let timing = Timing::new(producer, running.live.core.first_token);
    if running.live.series.key.role.is_remote() { timing } else { timing.without_chunks() }
}
