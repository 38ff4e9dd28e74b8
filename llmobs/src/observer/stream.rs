//! The wrapper of an operation's stream, [`ObservedStream`], which passes every item on unchanged and records its time,
//! and the item readers that return the tokens of an item. [`Operation::observe`](crate::Operation::observe) returns
//! the wrapper.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::chunk::Chunk;
use super::chunk::StreamItem;
use super::content::Capturing;
use super::engine::dropped::end_dropped;
use super::engine::end;
use super::engine::output_tokens::record_running;
use super::engine::routing::current_series;
use super::engine::stall_cause::stall_cause;
use super::marker::Marker;
use super::operation_scope::OperationScope;
use super::state::counted_tokens::CountedTokens;
use super::state::ending::Ending;
use super::state::ending::StreamEnd;
use super::state::gap_histogram::GapHistogram;
use super::state::gap_histogram::INTER_CHUNK_ROWS;
use super::state::gap_histogram::INTER_TOKEN_ROWS;
use super::state::running_operation::RunningOperation;
use crate::catalog::RowId;
use crate::clock::Clock;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::StallCause;
use crate::timing::Producer;
use crate::timing::TimedItem;
use crate::timing::Timing;
use crate::timing::TimingStep;
use crate::unwind::has_panicked;

/// The interval at which a running stream merges its recorded values into the sinks, in nanoseconds.
const FLUSH_INTERVAL: u64 = 1_000_000_000;

/// The shortest pause that counts as a stall, in nanoseconds.
const STALL_THRESHOLD: u64 = 1_000_000_000;

pin_project! {
    /// A stream that passes its items on, records their times and tokens for an operation (one model call), and ends
    /// the operation when the stream ends, yields an error or is dropped.
    ///
    /// By default, an item costs two readings of the clock and a few additions: no lock, no allocation, no atomic
    /// read-modify-write. The first items, a finish reason, and once a second the transfer to the metrics cost more, as
    /// do [`in_span`](Self::in_span) and the capture of content.
    #[must_use = "streams do nothing unless polled"]
    pub struct ObservedStream<S: Stream, C> {
        #[pin]
        inner: S,
        reader: C,
        state: Option<Box<StreamState>>,
    }

    impl<S: Stream, C> PinnedDrop for ObservedStream<S, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(state) = this.state.take() {
                // A consumer that counts bytes, for example up to a Content-Length, need not poll for the end of the
                // stream.
                let has_ended = !has_panicked(state.is_polling) && this.inner.size_hint() == (0, Some(0));
                if has_ended { state.on_end() } else { state.on_drop() }
            }
        }
    }
}

impl<S: Stream, C> ObservedStream<S, C> {
    /// Returns the wrapper of a stream. If `running` is `None`, it records nothing.
    pub(super) fn new(inner: S, running: Option<RunningOperation>, reader: C) -> Self {
        Self { inner, reader, state: running.map(|running| Box::new(StreamState::new(running))) }
    }

    /// Sets whether the producer, an engine or an upstream, runs by itself or only while the stream is polled. Defaults
    /// to [`Producer::Push`], by itself. Call it before the first poll.
    pub fn producer(mut self, producer: Producer) -> Self {
        if let Some(state) = &mut self.state {
            state.timing = new_timing(producer, &state.operation);
        }
        self
    }

    /// Accepts an end of the stream without a finish reason: the operation is then `completed`. Call it if neither the
    /// items nor a marker provide a finish reason, for example for a stream of strings.
    ///
    /// Without this call, a chat, `generate_content` or text completion in the gateway or client role is `failed` with
    /// the error type `upstream` if its stream ends by itself without a finish reason and without a
    /// [last](crate::Chunk::last) chunk: most client libraries end a stream in the same way when the connection breaks
    /// and when the answer is complete. In the server role, and for other operations, an end of the stream is always
    /// accepted.
    ///
    /// ```
    /// # use futures_util::{StreamExt, stream};
    /// use llmobs::{Observer, Role};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let observer = Observer::builder().role(Role::Client).model("m").build()?;
    /// let words = stream::iter(["Hello", ",", " world"]);
    /// let answer: String = observer.chat("m").start().observe(words).without_finish_reason().collect().await;
    /// # assert_eq!(answer, "Hello, world");
    /// # #[cfg(feature = "testing")]
    /// assert_eq!(llmobs::testing::Books::new(&observer).completed, 1);
    /// # Ok::<(), llmobs::BuildError>(())
    /// # }).unwrap();
    /// ```
    pub fn without_finish_reason(mut self) -> Self {
        if let Some(state) = &mut self.state {
            state.needs_finish_reason = false;
        }
        self
    }

    /// Polls the stream in the operation's span, so that its log events and child spans belong to the operation's
    /// trace, and as the operation's code, so that [`Operation::current`](crate::Operation::current) returns a marker
    /// of the operation. Each poll then enters the span, which costs time. Off by default.
    pub fn in_span(mut self) -> Self {
        if let Some(state) = &mut self.state {
            state.is_in_span = true;
        }
        self
    }

    /// Declares the number of markers that the reader and the inner stream hold. They are dropped with the stream, so
    /// they report nothing after it.
    #[cfg(any(feature = "macros", feature = "sse"))]
    pub(crate) fn with_own_markers(mut self, count: u8) -> Self {
        if let Some(state) = &mut self.state {
            state.own_markers = count;
        }
        self
    }

    /// Returns a marker, a handle that records what happens to the operation, for other threads. After the end of the
    /// operation, a disabled marker is returned.
    #[must_use]
    pub fn marker(&self) -> Marker {
        Marker::new(self.state.as_ref().map(|state| Arc::clone(&state.operation.state)))
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
        if self.state.is_none() { self.project().inner.poll_next(context) } else { self.poll_observed(context) }
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
        let mut is_in_span = false;
        if let Some(state) = this.state.as_mut() {
            state.before_poll();
            is_in_span = state.is_in_span;
        }
        let polled = if is_in_span {
            poll_in_scope(this.state.as_deref(), this.inner, context)
        } else {
            this.inner.poll_next(context)
        };
        let Some(state) = this.state.as_mut() else { return polled };
        match polled {
            Poll::Pending => {
                state.is_polling = false;
                state.timing.on_pending();
            }
            Poll::Ready(Some(ref item)) => {
                // The application's closure runs here: `is_polling` is still set, so a panic in it counts as a panic of
                // the stream.
                let chunk = this.reader.read(item);
                state.is_polling = false;
                if state.capturing.is_on() {
                    state.capture_text(
                        chunk.choice,
                        chunk.reasoning_tokens > chunk.text_tokens,
                        this.reader.text(item),
                    );
                }
                let ending = state.on_item(&chunk);
                if let (Some(ending), Some(state)) = (ending, this.state.take_if(|_| ending.is_some())) {
                    state.finish(ending);
                }
            }
            Poll::Ready(None) => {
                if let Some(state) = this.state.take() {
                    state.on_end();
                }
            }
        }
        polled
    }
}

/// Polls a stream in the span of its operation. Kept out of line, so that a stream that is not polled there has nothing
/// to drop after each poll.
#[cold]
fn poll_in_scope<S: Stream>(
    state: Option<&StreamState>,
    inner: Pin<&mut S>,
    context: &mut Context<'_>,
) -> Poll<Option<S::Item>> {
    match state {
        Some(state) => state.scope().in_scope(|| inner.poll_next(context)),
        None => inner.poll_next(context),
    }
}

/// Omits the inner stream, which may contain items.
impl<S: Stream, C> fmt::Debug for ObservedStream<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedStream").field("enabled", &self.state.is_some()).finish_non_exhaustive()
    }
}

/// A way to read the tokens and the text of a stream's items. [`ObservedStream`] calls its methods for each item until
/// the operation ends, and never for the operation of a disabled observer.
pub trait ItemReader<Item> {
    /// Returns the tokens, finish reason and error that the item carries. Called when the stream has yielded the item.
    fn read(&mut self, item: &Item) -> Chunk;

    /// Returns the text that the item adds to the answer, if known. Called only if content is captured. Defaults to
    /// `None`.
    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        let _ = item;
        None
    }
}

/// The item reader of items that implement [`StreamItem`], as [`Operation::observe`](crate::Operation::observe) uses
/// it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SelfDescribing;

impl<Item: StreamItem> ItemReader<Item> for SelfDescribing {
    fn read(&mut self, item: &Item) -> Chunk {
        item.to_chunk()
    }

    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        item.text()
    }
}

/// The item reader that calls a closure, as [`Operation::observe_with`](crate::Operation::observe_with) uses it.
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
    fn read(&mut self, item: &Item) -> Chunk {
        (self.0)(item).into()
    }
}

/// The state of an observed stream while it runs.
struct StreamState {
    operation: RunningOperation,
    /// A copy of the observer's clock, which saves two pointer dereferences before each reading.
    clock: Clock,
    timing: Timing,
    counted_tokens: CountedTokens,
    /// Number of the counted tokens that are in `llmobs.token.streamed`.
    recorded_as_streamed: u64,
    /// Gaps between tokens.
    token_gaps: GapHistogram,
    /// Gaps between chunks, in the gateway and client roles only.
    chunk_gaps: Option<GapHistogram>,
    /// The moment of the last flush, initially the start of the operation, in nanoseconds.
    flushed_at: u64,
    /// Set while the inner stream is polled and the item reader runs. If it is set at the drop, one of them panicked.
    is_polling: bool,
    /// Set when the answer is complete and only the end of the stream is missing.
    is_answer_complete: bool,
    /// Set if an end of the stream without a finish reason is a failure of the upstream.
    needs_finish_reason: bool,
    /// Set if the inner stream is polled in the operation's span.
    is_in_span: bool,
    /// The number of markers that the reader and the inner stream hold.
    own_markers: u8,
    /// Set if the texts of items are captured.
    capturing: Capturing,
}

impl StreamState {
    fn new(running: RunningOperation) -> Self {
        let series = &running.state.series;
        Self {
            clock: running.state.observer.clock.clone(),
            timing: new_timing(Producer::Push, &running),
            counted_tokens: CountedTokens::default(),
            recorded_as_streamed: 0,
            token_gaps: GapHistogram::new(series, &INTER_TOKEN_ROWS),
            chunk_gaps: series.key.role.is_remote().then(|| GapHistogram::new(series, &INTER_CHUNK_ROWS)),
            flushed_at: running.state.times.t0,
            is_polling: false,
            is_answer_complete: false,
            needs_finish_reason: series.key.role.is_remote() && series.key.operation.generates(),
            is_in_span: false,
            own_markers: 0,
            capturing: running.state.request.capturing,
            operation: running,
        }
    }

    /// Returns the scope in which the inner stream is polled, if it is polled in the operation's span.
    fn scope(&self) -> OperationScope {
        let RunningOperation { state, span, .. } = &self.operation;
        OperationScope::new(span.as_deref(), Some(Arc::clone(state)))
    }

    #[inline]
    fn before_poll(&mut self) {
        if self.timing.is_consumer_away() {
            let wait = self.timing.on_poll(self.now());
            self.operation.state.times.consumer_returned(self.timing.consumer_wait());
            if wait >= STALL_THRESHOLD {
                self.count_stall(StallCause::Consumer);
            }
        }
        self.is_polling = true;
    }

    /// Records an item. Returns the ending of the operation if the item carries an error.
    #[inline]
    fn on_item(&mut self, chunk: &Chunk) -> Option<Ending> {
        let now = self.now();
        if let Some(error) = chunk.error {
            return Some(self.ending_of_error(error, chunk.is_refusal));
        }
        let item = TimedItem {
            tokens: chunk.timed_tokens,
            frames: chunk.frames,
            is_visible: chunk.is_visible,
            choice: chunk.choice,
            produced_at: chunk.produced_at.map(|moment| moment.as_nanos()),
        };
        if self.timing.is_steady() {
            let step = self.timing.on_ready(now, &item);
            self.record_timing(&step);
        } else {
            self.on_early_item(now, &item);
        }
        self.counted_tokens.text += u64::from(chunk.text_tokens);
        self.counted_tokens.reasoning += u64::from(chunk.reasoning_tokens);
        if let Some(reason) = &chunk.finish_reason {
            self.set_finish_reason(chunk.finished_choice, reason);
        }
        self.is_answer_complete |= chunk.is_last;
        if now.saturating_sub(self.flushed_at) >= FLUSH_INTERVAL {
            self.flush(now);
        }
        self.operation.state.consumer_left(now, self.counted_tokens.total(), item.tokens > 0);
        None
    }

    /// Records an item until the first token and the first chunk have been recorded.
    #[cold]
    fn on_early_item(&mut self, now: u64, item: &TimedItem) {
        let operation_state = &self.operation.state;
        if let (None, Some(marked)) = (self.timing.first_token_at(), operation_state.first_token()) {
            self.timing.mark_first_token(marked);
        }
        let step = self.timing.on_ready(now, item);
        if let Some(at) = step.first_token_at {
            operation_state.mark_first_token(at);
        }
        if let Some(at) = step.ttft_at {
            operation_state.record_ttft(at);
        }
        if let Some(at) = step.first_chunk_at {
            let waited = at.saturating_sub(operation_state.times.t0);
            operation_state.time_to_first_chunk.set(waited);
            let series = current_series(operation_state);
            for id in [RowId::ClientFirstChunk, RowId::InferenceFirstChunk] {
                series.record_duration(id, 0, waited, operation_state.request.trace_link);
            }
        }
        self.record_timing(&step);
    }

    /// Records the gaps that an item ends, and counts a stall if the producer paused for the threshold or longer.
    #[inline]
    fn record_timing(&mut self, step: &TimingStep) {
        let series = &self.operation.state.series;
        if let Some(gaps) = step.token_gaps {
            self.token_gaps.record(|| &**series, &INTER_TOKEN_ROWS, gaps);
        }
        if let (Some(gaps), Some(histogram)) = (step.chunk_gaps, &mut self.chunk_gaps) {
            histogram.record(|| current_series(&self.operation.state), &INTER_CHUNK_ROWS, gaps);
        }
        if let Some(gap) = step.gap.filter(|gap| *gap >= STALL_THRESHOLD) {
            self.count_producer_stall(gap);
        }
    }

    #[cold]
    fn ending_of_error(&self, error: ErrorType, refused: bool) -> Ending {
        // A stream that has carried tokens was admitted.
        let refused = refused && self.counted_tokens.total() == 0;
        match self.operation.state.error() {
            None if refused => Ending::Rejected(error),
            marked => Ending::Failed(marked.unwrap_or(error)),
        }
    }

    /// Counts a stall of the producer, of `gap` nanoseconds, with its cause.
    #[cold]
    fn count_producer_stall(&self, gap: u64) {
        let to = self.timing.gap_ended_at();
        self.count_stall(stall_cause(&self.operation.state, to.saturating_sub(gap), to));
    }

    #[cold]
    fn count_stall(&self, cause: StallCause) {
        self.operation.state.counters.count_stall();
        self.operation.state.series.add(RowId::Stall, cause.index(), 1);
    }

    /// Captures the text of an item. Kept out of line, so that the chunk stays in registers when content is not
    /// captured.
    #[cold]
    fn capture_text(&self, choice: u32, is_reasoning: bool, text: Option<&str>) {
        let state = &self.operation.state;
        if let Some(text) = text
            && let Some(slot) = state.content_slot()
        {
            slot.capture_text(&state.observer.content, choice, is_reasoning, text);
        }
    }

    #[cold]
    fn set_finish_reason(&self, choice: u32, reason: &FinishReason) {
        self.operation.state.set_finish_reason(choice, reason.clone());
    }

    #[cold]
    fn flush(&mut self, now: u64) {
        self.flushed_at = now;
        self.flush_gaps();
        self.flush_streamed_tokens();
        record_running(&self.operation.state, self.counted_tokens);
    }

    /// Adds the tokens counted since the last call to `llmobs.token.streamed`, if a report of the usage is to come.
    fn flush_streamed_tokens(&mut self) {
        let state = &self.operation.state;
        let counted = self.counted_tokens.total();
        if state.request.reports_usage() && counted > self.recorded_as_streamed {
            state.series.add(RowId::TokensStreamed, 0, counted - self.recorded_as_streamed);
            self.recorded_as_streamed = counted;
        }
    }

    fn flush_gaps(&mut self) {
        let series = &self.operation.state.series;
        self.token_gaps.flush(series, &INTER_TOKEN_ROWS);
        if let Some(histogram) = &mut self.chunk_gaps {
            histogram.flush(current_series(&self.operation.state), &INTER_CHUNK_ROWS);
        }
    }

    #[inline]
    fn now(&self) -> u64 {
        self.clock.now().as_nanos()
    }

    /// Ends the operation after the stream has ended by itself.
    fn on_end(self: Box<Self>) {
        let ending = match self.operation.state.error() {
            Some(error) => Ending::Failed(error),
            None if self.is_truncated() => Ending::Failed(ErrorType::Upstream),
            None => Ending::Completed,
        };
        self.finish(ending);
    }

    /// Returns whether a stream that has ended lacks the finish reason that it needs.
    fn is_truncated(&self) -> bool {
        self.needs_finish_reason && !self.is_answer_complete && self.operation.state.finish_reason().is_none()
    }

    fn on_drop(self: Box<Self>) {
        let panicked = has_panicked(self.is_polling);
        let now = self.operation.state.now();
        let ending = end::ending_of_drop(&self.operation.state, panicked, self.is_answer_complete, now);
        if ending != Ending::Cancelled {
            return self.finish(ending);
        }
        let (operation, stream) = self.close(ending, now);
        end_dropped(operation, ending, now, Some(stream));
    }

    fn finish(self: Box<Self>, ending: Ending) {
        let now = self.operation.state.now();
        let last_item_at = self.timing.last_item_at().filter(|_| ending == Ending::Completed);
        let (operation, stream) = self.close(ending, now);
        end::finish(operation, ending, last_item_at.unwrap_or(now), now, Some(&stream));
    }

    /// Records the rest of the stream. Returns its operation, which has not ended, and the results of the stream.
    fn close(mut self: Box<Self>, ending: Ending, now: u64) -> (RunningOperation, StreamEnd) {
        let summary = self.timing.on_end(now, ending == Ending::Completed);
        self.flush_gaps();
        self.flush_streamed_tokens();
        let stream = StreamEnd { summary, counted_tokens: self.counted_tokens, own_markers: self.own_markers };
        (self.operation, stream)
    }
}

/// Returns the timing of a stream. Times of chunks are measured in the client and gateway roles only.
fn new_timing(producer: Producer, running: &RunningOperation) -> Timing {
    let timing = Timing::new(producer, running.state.observer.first_token);
    if running.state.series.key.role.is_remote() { timing } else { timing.without_chunk_gaps() }
}
