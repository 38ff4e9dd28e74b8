//! The state machine that times the tokens of a stream, on plain integers. `ObservedStream` drives one for each stream;
//! `marks` computes the times of an operation (one model call) outside its stream.
//!
//! The producer of a stream is the model or the upstream that makes its items; the consumer polls the stream for them.
//! The state machine receives moments (points on the monotonic clock) in nanoseconds; it does not read a clock, lock or
//! allocate. Two clock readings per item are sufficient: one at the consumer's first poll for the item, and one when
//! the item is ready. With a single reading, a slow consumer would look like a slow producer.
//!
//! The moment of an item is *exact* if the producer reported it, if the consumer was waiting for the item, or if the
//! producer runs only while polled. The first token counts as exact. Tokens between two exact moments share the time
//! between them evenly; tokens after the last one are *unmeasured*. A gap is the time between two tokens or two chunks.
//! `llmobs/docs/guide/definitions.md` defines all terms. A test with the name of the sentence proves each sentence of
//! that document.

mod event_window;
#[cfg(test)]
mod event_window_properties;
mod gaps;
mod marks;
#[cfg(test)]
mod properties;
mod recent_time;
#[cfg(test)]
mod recent_time_properties;
mod stall;

pub(crate) use self::event_window::EventCounts;
pub(crate) use self::event_window::EventWindow;
pub(crate) use self::gaps::EvenGaps;
use self::gaps::GapAccumulator;
pub(crate) use self::marks::Marks;
pub(crate) use self::marks::PreemptedTime;
pub(crate) use self::marks::StateTimes;
pub(crate) use self::recent_time::RecentTime;
pub(crate) use self::stall::StallTimes;

/// The minimum duration, in nanoseconds, for which a poll that returns an item without `Pending` counts as a wait (50
/// µs).
const MIN_BUSY_POLL_NANOS: u64 = 50_000;

/// The minimum wait after an inexact item, in nanoseconds, for which the next item is exact (1 ms). After a shorter
/// wait the stream may still be delivering a backlog, and the `Pending` may come from the cooperative budget of the
/// runtime.
const MIN_BACKLOG_WAIT_NANOS: u64 = 1_000_000;

/// The way in which the producer of a stream runs. The application must declare it, because a wrapper around a stream
/// cannot detect it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "a producer runs independently of polls or only during polls")]
pub enum Producer {
    /// The producer runs independently of polls, as behind a channel or a socket. Items can accumulate while the
    /// consumer is away.
    #[default]
    Push,
    /// The producer runs only while it is polled, as `async_stream` or a synchronous decoder does. Its clock stops
    /// while the consumer is away.
    Pull,
}

/// The rule that selects the token that ends the time to first token (TTFT) of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FirstToken {
    /// The first generated token: content, reasoning or tool call. A chunk that only contains the role does not count.
    #[default]
    Generated,
    /// The first token of visible content. Reasoning and tool calls do not count.
    VisibleContent,
    /// The first chunk of any kind.
    Chunk,
}

/// The data of one item of a stream that affects its timing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimedItem {
    /// The number of generated tokens of `choice` in the item: content, reasoning or tool calls.
    pub(crate) tokens: u32,
    /// The number of frames of the provider's protocol in the item, such as SSE events; each is timed as one chunk.
    /// Zero: the item is not a chunk and contains no tokens, such as a keep-alive.
    pub(crate) frames: u32,
    /// True if the tokens contain visible content, for [`FirstToken::VisibleContent`].
    pub(crate) is_visible: bool,
    /// The index of the choice (one of several answers to the request) that the tokens belong to.
    pub(crate) choice: u32,
    /// The moment in nanoseconds at which the producer made the item; `None` if the producer does not report it. The
    /// item is exact if it has this moment. A moment in the future counts as now.
    pub(crate) produced_at: Option<u64>,
}

/// The results that became known when an item was ready. All times are in nanoseconds, and moments are on the
/// producer's clock, which stops for a pull producer while the consumer is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingStep {
    /// The moment at which the time to first token (TTFT) ends, if this item ended it.
    pub(crate) ttft_at: Option<u64>,
    /// The moment of the first generated token, if this item contained it and the engine had not marked it before.
    pub(crate) first_token_at: Option<u64>,
    /// The inter-token samples that this item completed.
    pub(crate) token_gaps: Option<EvenGaps>,
    /// The moment of the first chunk, if this item was the first chunk.
    pub(crate) first_chunk_at: Option<u64>,
    /// The inter-chunk samples that this item completed.
    pub(crate) chunk_gaps: Option<EvenGaps>,
    /// The time before this item in which certainly no token arrived: since the last exact moment, or after a backlog
    /// only the time waited. `None` if the item is not exact, has no token of the timed choice, or has the first token.
    pub(crate) gap: Option<u64>,
}

/// The timing state machine of one stream: receives each poll and item, and returns the times that they complete. All
/// times and moments are in nanoseconds.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    producer: Producer,
    rule: FirstToken,
    turn: Turn,
    /// The start of the turn: the moment at which the last item was handed over, or at which the consumer first polled
    /// for the next one.
    turn_began_at: u64,
    /// The time for which the consumer waited for items without tokens since the last item with tokens.
    waited_without_token: u64,
    was_pending: bool,
    was_previous_exact: bool,
    /// True if an item was handed over.
    has_item: bool,
    /// The total time for which the consumer was away.
    consumer_wait: u64,
    /// The part of `consumer_wait` since the last item was handed over, while it is the producer's turn.
    consumer_wait_since_item: u64,
    /// The choice whose tokens are timed: the first choice that contained a token.
    timed_choice: u32,
    has_ttft: bool,
    first_token_at: Option<u64>,
    token_gaps: GapAccumulator,
    chunk_gaps: GapAccumulator,
    /// True if chunks are timed in addition to tokens.
    is_timing_chunks: bool,
    /// True if every event that occurs once per stream has occurred: the first token, and the end of TTFT.
    is_steady: bool,
    longest_gap: Option<u64>,
}

/// The side of the stream whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// No poll has occurred yet, or the stream has ended.
    Idle,
    /// The producer's turn: the consumer waits for an item.
    Producer,
    /// The consumer's turn: the consumer has an item and has not polled for the next one.
    Consumer,
}

/// The result of a stream at its end: times in nanoseconds, and numbers of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingSummary {
    /// The time from the first token to the last exact moment of a token. `None` if the stream had no token, or no time
    /// passed.
    pub(crate) decode_time: Option<u64>,
    /// The number of tokens after the first one in `decode_time`, of the timed choice only.
    pub(crate) decode_tokens: u64,
    /// The number of tokens of the timed choice after the last exact moment, which have no inter-token sample.
    pub(crate) unmeasured_tokens: u64,
    /// The longest [`TimingStep::gap`], or the silence before the end if the operation did not complete and the silence
    /// was longer. `None` without a gap.
    pub(crate) longest_gap: Option<u64>,
    /// The total time from an item's delivery to the next poll. If the operation completed, without the time after the
    /// last item.
    pub(crate) consumer_wait: u64,
}

impl Timing {
    /// Creates the state machine of a stream that was not polled yet. `rule` selects the token that ends TTFT.
    pub(crate) const fn new(producer: Producer, rule: FirstToken) -> Self {
        Self {
            producer,
            rule,
            turn: Turn::Idle,
            turn_began_at: 0,
            waited_without_token: 0,
            was_pending: false,
            was_previous_exact: true,
            has_item: false,
            consumer_wait: 0,
            consumer_wait_since_item: 0,
            timed_choice: 0,
            has_ttft: false,
            first_token_at: None,
            token_gaps: GapAccumulator::new(),
            chunk_gaps: GapAccumulator::new(),
            is_timing_chunks: true,
            is_steady: false,
            longest_gap: None,
        }
    }

    /// Disables the inter-chunk samples, which servers do not record. The moment of the first chunk is still reported.
    pub(crate) const fn without_chunk_gaps(self) -> Self {
        Self { is_timing_chunks: false, ..self }
    }

    /// Returns whether the next poll is the first one of the stream, or the first one since an item was handed over. If
    /// so, the clock must be read before the poll and passed to [`on_poll`](Self::on_poll).
    pub(crate) const fn is_consumer_away(&self) -> bool {
        !matches!(self.turn, Turn::Producer)
    }

    /// Records at `now` (nanoseconds) the first poll of the stream, or the first one since the consumer received an
    /// item. Returns the time in nanoseconds for which the consumer was away; 0 for the first poll of the stream.
    #[inline]
    pub(crate) fn on_poll(&mut self, now: u64) -> u64 {
        let consumer_wait = if self.turn == Turn::Consumer { now.saturating_sub(self.turn_began_at) } else { 0 };
        (self.turn, self.turn_began_at) = (Turn::Producer, now);
        self.consumer_wait += consumer_wait;
        self.consumer_wait_since_item = consumer_wait;
        consumer_wait
    }

    /// Records that the poll returned `Pending`, so that the consumer waits for the next item.
    pub(crate) const fn on_pending(&mut self) {
        self.was_pending = true;
    }

    /// Records that the poll returned an item at `now` (nanoseconds), and returns the moments and samples that this
    /// item completed. It is the consumer's turn from then on.
    #[inline]
    pub(crate) fn on_ready(&mut self, now: u64, item: &TimedItem) -> TimingStep {
        let wait = if self.turn == Turn::Producer { now.saturating_sub(self.turn_began_at) } else { 0 };
        let arrival = ItemArrival {
            at: self.producer_time(item.produced_at.map_or(now, |at| at.min(now))),
            is_exact: self.is_exact(wait, item),
            wait,
        };
        let step =
            if self.is_steady { self.on_steady_item(&arrival, item) } else { self.on_early_item(&arrival, item) };
        self.was_previous_exact = arrival.is_exact || step.first_token_at.is_some();
        if item.tokens > 0 {
            self.waited_without_token = 0;
        } else {
            self.add_wait_without_token(wait);
        }
        (self.turn, self.turn_began_at) = (Turn::Consumer, now);
        self.has_item = true;
        self.was_pending = false;
        step
    }

    /// Adds the wait for an item without tokens.
    #[cold]
    const fn add_wait_without_token(&mut self, wait: u64) {
        if self.token_gaps.has_begun() {
            self.waited_without_token += wait;
        }
    }

    /// Returns whether every event that occurs once per stream has occurred: the first token, and the end of TTFT.
    pub(crate) const fn is_steady(&self) -> bool {
        self.is_steady
    }

    /// Records that the engine marked the first token at `at` (nanoseconds). A moment later than the known one is
    /// ignored.
    pub(crate) fn mark_first_token(&mut self, at: u64) {
        if self.first_token_at.is_none_or(|first| at < first) {
            self.first_token_at = Some(at);
            self.token_gaps.backdate_begin(at);
        }
    }

    /// Returns the moment of the first token in nanoseconds, marked by the engine or taken from an item; `None` before
    /// it.
    pub(crate) const fn first_token_at(&self) -> Option<u64> {
        self.first_token_at
    }

    /// Returns the moment in nanoseconds at which the last item was handed over; `None` before the first. Valid until
    /// [`on_end`](Self::on_end).
    pub(crate) const fn last_item_at(&self) -> Option<u64> {
        let wait = if matches!(self.turn, Turn::Producer) { self.consumer_wait_since_item } else { 0 };
        if self.has_item { Some(self.turn_began_at.saturating_sub(wait)) } else { None }
    }

    /// Returns the moment in nanoseconds at which the last [`TimingStep::gap`] ended, on the clock of the moments that
    /// were passed in.
    pub(crate) const fn gap_ended_at(&self) -> u64 {
        let at = self.token_gaps.last_exact();
        match self.producer {
            Producer::Push => at,
            Producer::Pull => at.saturating_add(self.consumer_wait),
        }
    }

    /// Returns the total time in nanoseconds for which the consumer was away, up to the last poll.
    pub(crate) const fn consumer_wait(&self) -> u64 {
        self.consumer_wait
    }

    /// Records the end of the stream at `now` (nanoseconds) and returns its summary. `complete` is true if the
    /// operation completed, also if the stream was dropped after the complete answer, and false if the operation
    /// failed, was rejected or was cancelled.
    pub(crate) fn on_end(&mut self, now: u64, complete: bool) -> TimingSummary {
        if complete {
            // The request ended when the last item was handed over; time that the consumer was away after that is not
            // counted.
            self.consumer_wait -= if self.turn == Turn::Producer { self.consumer_wait_since_item } else { 0 };
        } else if self.turn == Turn::Consumer {
            self.consumer_wait += now.saturating_sub(self.turn_began_at);
        } else if self.turn == Turn::Producer && self.first_token_at.is_some() {
            // The item that the consumer waited for never arrived, but the engine was silent for this time.
            self.update_longest_gap(
                self.waited_without_token + now.saturating_sub(self.turn_began_at.max(self.token_gaps.last_exact())),
            );
        }
        if self.turn == Turn::Consumer {
            self.turn = Turn::Idle;
        }
        self.consumer_wait_since_item = 0;
        self.summary()
    }

    fn summary(&self) -> TimingSummary {
        let first = self.first_token_at.unwrap_or(0);
        let decode_time = Some(self.token_gaps.last_exact().saturating_sub(first)).filter(|time| *time > 0);
        TimingSummary {
            decode_time: decode_time.filter(|_| self.first_token_at.is_some()),
            decode_tokens: (self.token_gaps.units_in_first() + self.token_gaps.measured()).saturating_sub(1),
            unmeasured_tokens: self.token_gaps.pending(),
            longest_gap: self.longest_gap,
            consumer_wait: self.consumer_wait,
        }
    }

    #[inline]
    fn is_exact(&self, wait: u64, item: &TimedItem) -> bool {
        if self.producer == Producer::Pull || item.produced_at.is_some() {
            return true;
        }
        let waited = self.was_pending || wait >= MIN_BUSY_POLL_NANOS;
        waited && (self.was_previous_exact || wait >= MIN_BACKLOG_WAIT_NANOS)
    }

    /// Returns a moment on the producer's clock, which for a pull producer stops while the consumer is away.
    #[inline]
    fn producer_time(&self, at: u64) -> u64 {
        match self.producer {
            Producer::Push => at,
            Producer::Pull => at.saturating_sub(self.consumer_wait),
        }
    }

    /// Processes an item before every event that occurs once has occurred.
    #[cold]
    fn on_early_item(&mut self, arrival: &ItemArrival, item: &TimedItem) -> TimingStep {
        let mut step = TimingStep::default();
        let at = arrival.at;
        if self.chunk_gaps.has_begun() {
            self.add_chunks(arrival, item, &mut step);
        } else if item.frames > 0 {
            step.first_chunk_at = Some(at);
            self.chunk_gaps.begin(at, u64::from(item.frames));
        }
        let is_first = match self.rule {
            FirstToken::Chunk => item.frames > 0,
            FirstToken::Generated => item.tokens > 0,
            FirstToken::VisibleContent => item.tokens > 0 && item.is_visible,
        };
        if is_first && !self.has_ttft {
            self.has_ttft = true;
            step.ttft_at = Some(at);
        }
        if self.token_gaps.has_begun() {
            self.add_tokens(arrival, item, &mut step);
        } else if item.tokens > 0 {
            self.timed_choice = item.choice;
            self.token_gaps.begin(at, u64::from(item.tokens));
            if let Some(marked) = self.first_token_at {
                self.token_gaps.backdate_begin(marked);
            } else {
                self.first_token_at = Some(at);
                step.first_token_at = Some(at);
            }
        }
        self.is_steady = self.has_ttft && self.token_gaps.has_begun();
        step
    }

    /// Processes an item after every event that occurs once has occurred.
    #[inline]
    fn on_steady_item(&mut self, arrival: &ItemArrival, item: &TimedItem) -> TimingStep {
        let mut step = TimingStep::default();
        self.add_chunks(arrival, item, &mut step);
        self.add_tokens(arrival, item, &mut step);
        step
    }

    #[inline]
    fn add_chunks(&mut self, arrival: &ItemArrival, item: &TimedItem, step: &mut TimingStep) {
        if self.is_timing_chunks && item.frames > 0 {
            self.chunk_gaps.add(u64::from(item.frames));
            if arrival.is_exact {
                step.chunk_gaps = self.chunk_gaps.mark_exact(arrival.at);
            }
        }
    }

    #[inline]
    fn add_tokens(&mut self, arrival: &ItemArrival, item: &TimedItem, step: &mut TimingStep) {
        if item.tokens == 0 || item.choice != self.timed_choice {
            return;
        }
        let backlog = self.token_gaps.pending() > 0;
        self.token_gaps.add(u64::from(item.tokens));
        if arrival.is_exact {
            // Within a backlog the true gaps are unknown. Certain is only that no item arrived during the wait.
            let gap = if backlog {
                self.waited_without_token + arrival.wait
            } else {
                arrival.at.saturating_sub(self.token_gaps.last_exact())
            };
            step.token_gaps = self.token_gaps.mark_exact(arrival.at);
            step.gap = Some(gap);
            self.update_longest_gap(gap);
        }
    }

    #[inline]
    fn update_longest_gap(&mut self, gap: u64) {
        self.longest_gap = Some(self.longest_gap.map_or(gap, |longest| longest.max(gap)));
    }
}

/// The arrival of an item. All times and moments are in nanoseconds.
struct ItemArrival {
    /// The moment of the item on the producer's clock.
    at: u64,
    is_exact: bool,
    /// The time for which the consumer waited for the item.
    wait: u64,
}
