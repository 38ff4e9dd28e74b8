//! The state machine that times the tokens of a stream, on plain integers.
//!
//! The state machine receives moments in nanoseconds; it does not read a clock, lock or allocate. Two clock readings
//! per item are sufficient: the first poll after the consumer returned, and the moment at which the item was ready.
//! With a single reading, a slow consumer would look like a slow model.
//!
//! The terms (exact, first token, unmeasured, ...) are defined in `llmobs/docs/guide/definitions.md`. A test with the
//! name of the sentence proves each sentence of that document.

mod gaps;
mod marks;
#[cfg(test)]
mod properties;

pub(crate) use self::gaps::EvenGaps;
use self::gaps::GapAccumulator;
pub(crate) use self::marks::Marks;
pub(crate) use self::marks::StateTimes;

/// The minimum duration, in nanoseconds, for which a poll that returns an item without `Pending` counts as a wait (50
/// µs).
const WORKING_POLL: u64 = 50_000;

/// The minimum wait after an inexact item, in nanoseconds, for which the next item is exact (1 ms). After a shorter
/// wait the stream may still be delivering a backlog, and the `Pending` may come from the cooperative budget of the
/// runtime.
const REAL_WAIT: u64 = 1_000_000;

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

/// The token that ends `time_to_first_token`.
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
    pub(crate) tokens: u32,
    /// The number of protocol chunks in the item. Zero: the item is not a chunk and contains no tokens, such as a
    /// keep-alive.
    pub(crate) frames: u32,
    pub(crate) visible: bool,
    pub(crate) choice: u32,
    pub(crate) produced_at: Option<u64>,
}

/// The results that became known when an item was ready. All times are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingStep {
    /// The moment at which TTFT ends, if this item ended it.
    pub(crate) ttft_at: Option<u64>,
    /// The moment of the first generated token, if this item contained it and the engine had not marked it before.
    pub(crate) first_token: Option<u64>,
    /// The inter-token samples that this item completed.
    pub(crate) tokens: Option<EvenGaps>,
    /// The moment of the first chunk, if this item was the first chunk.
    pub(crate) first_chunk: Option<u64>,
    /// The inter-chunk samples that this item completed.
    pub(crate) chunks: Option<EvenGaps>,
    /// The time before this item in which certainly no token arrived; after a backlog, only the time waited. `None` if the
    /// item is not exact or has no timed token.
    pub(crate) gap: Option<u64>,
}

/// The timing state machine of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    producer: Producer,
    rule: FirstToken,
    turn: Turn,
    /// The start of the turn: the moment at which the last item was handed over, or at which the consumer first polled
    /// for the next one.
    since: u64,
    /// The time for which the consumer waited for items without tokens since the last item with tokens.
    waited: u64,
    was_pending: bool,
    previous_exact: bool,
    /// The total time for which the consumer was away.
    away: u64,
    /// The part of `away` since the last item was handed over, while it is the producer's turn.
    away_since_item: u64,
    /// The choice whose tokens are timed: the first choice that contained a token.
    choice: u32,
    had_ttft: bool,
    first_token: Option<u64>,
    tokens: GapAccumulator,
    chunks: GapAccumulator,
    /// True if chunks are timed in addition to tokens.
    times_chunks: bool,
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

/// The result of a stream, in nanoseconds and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingSummary {
    /// The time from the first token to the last exact moment of a token.
    pub(crate) decode: Option<u64>,
    /// The number of tokens after the first one in the time `decode`.
    pub(crate) decode_tokens: u64,
    /// The number of tokens after the last exact moment, which have no inter-token sample.
    pub(crate) unmeasured: u64,
    pub(crate) longest_gap: Option<u64>,
    /// The total time from an item's delivery to the next poll. If the stream ended by itself, without the time after the
    /// last item.
    pub(crate) away: u64,
}

impl Timing {
    pub(crate) const fn new(producer: Producer, rule: FirstToken) -> Self {
        Self {
            producer,
            rule,
            turn: Turn::Idle,
            since: 0,
            waited: 0,
            was_pending: false,
            previous_exact: true,
            away: 0,
            away_since_item: 0,
            choice: 0,
            had_ttft: false,
            first_token: None,
            tokens: GapAccumulator::new(),
            chunks: GapAccumulator::new(),
            times_chunks: true,
            is_steady: false,
            longest_gap: None,
        }
    }

    /// Disables the inter-chunk samples. The moment of the first chunk is still reported.
    pub(crate) const fn without_chunks(self) -> Self {
        Self { times_chunks: false, ..self }
    }

    /// Returns whether the next poll is the first one of the stream, or the first one since an item was handed over. The
    /// clock must be read for it.
    pub(crate) const fn is_consumer_away(&self) -> bool {
        !matches!(self.turn, Turn::Producer)
    }

    /// Records the first poll since the consumer received an item. Returns the time for which the consumer was away.
    #[inline]
    pub(crate) fn poll(&mut self, now: u64) -> u64 {
        let away = if self.turn == Turn::Consumer { now.saturating_sub(self.since) } else { 0 };
        (self.turn, self.since) = (Turn::Producer, now);
        self.away += away;
        self.away_since_item = away;
        away
    }

    /// Records that the poll returned `Pending`.
    pub(crate) const fn pending(&mut self) {
        self.was_pending = true;
    }

    /// Records that the poll returned an item, and returns the samples that this item completed.
    #[inline]
    pub(crate) fn ready(&mut self, now: u64, seen: &TimedItem) -> TimingStep {
        let wait = if self.turn == Turn::Producer { now.saturating_sub(self.since) } else { 0 };
        let arrival = ItemArrival {
            at: self.model_time(seen.produced_at.map_or(now, |at| at.min(now))),
            exact: self.is_exact(wait, seen),
            wait,
        };
        let step = if self.is_steady { self.next(&arrival, seen) } else { self.first(&arrival, seen) };
        self.previous_exact = arrival.exact || step.first_token.is_some();
        if seen.tokens > 0 {
            self.waited = 0;
        } else {
            self.waited_in_vain(wait);
        }
        (self.turn, self.since) = (Turn::Consumer, now);
        self.was_pending = false;
        step
    }

    /// Adds the wait for an item without tokens.
    #[cold]
    const fn waited_in_vain(&mut self, wait: u64) {
        if self.tokens.begun() {
            self.waited += wait;
        }
    }

    /// Returns whether every event that occurs once per stream has occurred.
    pub(crate) const fn is_steady(&self) -> bool {
        self.is_steady
    }

    /// Records that the engine marked the first token at `at`. A moment later than the known one is ignored.
    pub(crate) fn first_token_was_at(&mut self, at: u64) {
        if self.first_token.is_none_or(|first| at < first) {
            self.first_token = Some(at);
            self.tokens.begin_earlier(at);
        }
    }

    pub(crate) const fn first_token(&self) -> Option<u64> {
        self.first_token
    }

    /// The total time for which the consumer was away.
    pub(crate) const fn away(&self) -> u64 {
        self.away
    }

    /// Records the end of the stream at `now` and returns its summary. `complete` is true if the stream ended itself,
    /// and false if it failed or was dropped.
    pub(crate) fn end(&mut self, now: u64, complete: bool) -> TimingSummary {
        if complete {
            // The request ended when the last item was handed over; time that the consumer was away after that is not
            // counted.
            self.away -= if self.turn == Turn::Producer { self.away_since_item } else { 0 };
        } else if self.turn == Turn::Consumer {
            self.away += now.saturating_sub(self.since);
        } else if self.turn == Turn::Producer && self.first_token.is_some() {
            // The item that the consumer waited for never arrived, but the engine was silent for this time.
            self.saw_gap(self.waited + now.saturating_sub(self.since.max(self.tokens.last())));
        }
        if self.turn == Turn::Consumer {
            self.turn = Turn::Idle;
        }
        self.away_since_item = 0;
        self.summary()
    }

    fn summary(&self) -> TimingSummary {
        let first = self.first_token.unwrap_or(0);
        let decode = Some(self.tokens.last().saturating_sub(first)).filter(|span| *span > 0);
        TimingSummary {
            decode: decode.filter(|_| self.first_token.is_some()),
            decode_tokens: (self.tokens.units_in_first() + self.tokens.shared()).saturating_sub(1),
            unmeasured: self.tokens.waiting(),
            longest_gap: self.longest_gap,
            away: self.away,
        }
    }

    #[inline]
    fn is_exact(&self, wait: u64, seen: &TimedItem) -> bool {
        if self.producer == Producer::Pull || seen.produced_at.is_some() {
            return true;
        }
        let waited = self.was_pending || wait >= WORKING_POLL;
        waited && (self.previous_exact || wait >= REAL_WAIT)
    }

    /// Returns a moment on the producer's clock, which for a pull producer stops while the consumer is away.
    #[inline]
    fn model_time(&self, at: u64) -> u64 {
        match self.producer {
            Producer::Push => at,
            Producer::Pull => at.saturating_sub(self.away),
        }
    }

    /// Processes an item before every event that occurs once has occurred.
    #[cold]
    fn first(&mut self, arrival: &ItemArrival, seen: &TimedItem) -> TimingStep {
        let mut step = TimingStep::default();
        let at = arrival.at;
        if self.chunks.begun() {
            self.chunk(arrival, seen, &mut step);
        } else if seen.frames > 0 {
            step.first_chunk = Some(at);
            self.chunks.begin(at, u64::from(seen.frames));
        }
        let is_first = match self.rule {
            FirstToken::Chunk => seen.frames > 0,
            FirstToken::Generated => seen.tokens > 0,
            FirstToken::VisibleContent => seen.tokens > 0 && seen.visible,
        };
        if is_first && !self.had_ttft {
            self.had_ttft = true;
            step.ttft_at = Some(at);
        }
        if self.tokens.begun() {
            self.token(arrival, seen, &mut step);
        } else if seen.tokens > 0 {
            self.choice = seen.choice;
            self.tokens.begin(at, u64::from(seen.tokens));
            if let Some(marked) = self.first_token {
                self.tokens.begin_earlier(marked);
            } else {
                self.first_token = Some(at);
                step.first_token = Some(at);
            }
        }
        self.is_steady = self.had_ttft && self.tokens.begun();
        step
    }

    /// Processes an item after every event that occurs once has occurred.
    #[inline]
    fn next(&mut self, arrival: &ItemArrival, seen: &TimedItem) -> TimingStep {
        let mut step = TimingStep::default();
        self.chunk(arrival, seen, &mut step);
        self.token(arrival, seen, &mut step);
        step
    }

    #[inline]
    fn chunk(&mut self, arrival: &ItemArrival, seen: &TimedItem, step: &mut TimingStep) {
        if self.times_chunks && seen.frames > 0 {
            self.chunks.add(u64::from(seen.frames));
            if arrival.exact {
                step.chunks = self.chunks.close(arrival.at);
            }
        }
    }

    #[inline]
    fn token(&mut self, arrival: &ItemArrival, seen: &TimedItem, step: &mut TimingStep) {
        if seen.tokens == 0 || seen.choice != self.choice {
            return;
        }
        let backlog = self.tokens.waiting() > 0;
        self.tokens.add(u64::from(seen.tokens));
        if arrival.exact {
            // Within a backlog the true gaps are unknown. Certain is only that no item arrived during the wait.
            let gap = if backlog { self.waited + arrival.wait } else { arrival.at.saturating_sub(self.tokens.last()) };
            step.tokens = self.tokens.close(arrival.at);
            step.gap = Some(gap);
            self.saw_gap(gap);
        }
    }

    #[inline]
    fn saw_gap(&mut self, gap: u64) {
        self.longest_gap = Some(self.longest_gap.map_or(gap, |longest| longest.max(gap)));
    }
}

/// The arrival of an item.
struct ItemArrival {
    /// The moment of the item on the producer's clock.
    at: u64,
    exact: bool,
    /// The time for which the consumer waited for the item.
    wait: u64,
}
