//! When tokens came: the state machine of a stream, on plain integers.
//!
//! It is handed moments (nanoseconds) and never reads a clock, locks or allocates. Two readings an item are enough:
//! the first poll after the consumer came back, and the moment the item was ready. One reading would report a slow
//! reader as a slow model.
//!
//! The words (exact, first token, unmeasured, ...) are defined in `docs/guide/definitions.md`; each sentence there has
//! a test named after it.

mod gaps;
mod marks;
#[cfg(test)]
mod properties;

pub(crate) use self::gaps::EvenGaps;
use self::gaps::GapAccumulator;
pub(crate) use self::marks::Marks;
pub(crate) use self::marks::StateTimes;

/// A poll that returned an item at once is taken for a wait when it took this long by itself.
const WORKING_POLL: u64 = 50_000;

/// After an inexact item the stream may be working off a backlog, and a shorter wait may be a cooperative-budget
/// `Pending` of the runtime.
const REAL_WAIT: u64 = 1_000_000;

/// Who drives the producer of a stream. It must be declared: a wrapper cannot see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::exhaustive_enums, reason = "a producer runs by itself or it does not")]
pub enum Producer {
    /// The producer runs by itself, as a channel or a socket does. Items may pile up while the reader is away.
    #[default]
    Push,
    /// The producer works only while it is polled, as `async_stream` or a synchronous decoder does. Its clock stops
    /// while the reader is away.
    Pull,
}

/// What counts as the first token for `time_to_first_token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FirstToken {
    /// The first generated token: content, reasoning or tool call. A role-only chunk is none.
    #[default]
    Generated,
    /// The first token that a reader of the answer sees; reasoning and tool calls are none.
    VisibleContent,
    /// The first chunk of any kind.
    Chunk,
}

/// What one item of a stream carried, as far as time is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimedItem {
    pub(crate) tokens: u32,
    /// Chunks of the protocol. None: the item is no chunk, and has no tokens.
    pub(crate) frames: u32,
    pub(crate) visible: bool,
    pub(crate) choice: u32,
    pub(crate) produced_at: Option<u64>,
}

/// What became known when an item was ready. All times in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingStep {
    /// The moment of the token that TTFT ends at, if it was this item's.
    pub(crate) ttft_at: Option<u64>,
    /// The moment of the first generated token, if it was this item's.
    pub(crate) first_token: Option<u64>,
    /// Inter-token samples that this item settled.
    pub(crate) tokens: Option<EvenGaps>,
    /// Time to the first chunk's moment, if this item was the first chunk.
    pub(crate) first_chunk: Option<u64>,
    /// Inter-chunk samples that this item settled.
    pub(crate) chunks: Option<EvenGaps>,
    /// How long the engine was seen to give nothing before this token.
    pub(crate) gap: Option<u64>,
}

/// The state machine of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Timing {
    producer: Producer,
    rule: FirstToken,
    turn: Turn,
    /// When the turn began: the last item was handed over, or the reader first polled for the next one.
    since: u64,
    /// For how long the reader waited for items that gave no token, since the last that gave one.
    waited: u64,
    was_pending: bool,
    previous_exact: bool,
    /// All the time that the reader was away.
    away: u64,
    /// The part of it since the last item was handed over, while it is the producer's turn.
    away_since_item: u64,
    /// The choice whose tokens are timed: the first that had one.
    choice: u32,
    had_ttft: bool,
    first_token: Option<u64>,
    tokens: GapAccumulator,
    chunks: GapAccumulator,
    /// Whether chunks are timed too, and not tokens alone.
    times_chunks: bool,
    /// Everything that happens once has happened.
    is_steady: bool,
    longest_gap: Option<u64>,
}

/// Who works on the next item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Nobody polled yet.
    Idle,
    /// The producer: the reader waits for an item.
    Producer,
    /// The reader: it has an item and is away with it.
    Consumer,
}

/// What a stream was like, in nanoseconds and counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimingSummary {
    /// From the first token to the last exact token moment.
    pub(crate) decode: Option<u64>,
    /// Tokens after the first one in that time.
    pub(crate) decode_tokens: u64,
    /// Tokens after the last exact moment: they have no inter-token sample.
    pub(crate) unmeasured: u64,
    pub(crate) longest_gap: Option<u64>,
    /// All the time that the reader was away.
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

    /// The same without times of chunks, where nobody wants them.
    pub(crate) const fn without_chunks(self) -> Self {
        Self { times_chunks: false, ..self }
    }

    /// Whether the next poll is the first since the reader came back, so that the clock must be read for it.
    pub(crate) const fn is_consumer_away(&self) -> bool {
        !matches!(self.turn, Turn::Producer)
    }

    /// The reader polls, for the first time since it got an item. Returns how long it was away.
    #[inline]
    pub(crate) fn poll(&mut self, now: u64) -> u64 {
        let away = if self.turn == Turn::Consumer { now.saturating_sub(self.since) } else { 0 };
        (self.turn, self.since) = (Turn::Producer, now);
        self.away += away;
        self.away_since_item = away;
        away
    }

    /// The poll returned `Pending`.
    pub(crate) const fn pending(&mut self) {
        self.was_pending = true;
    }

    /// The poll returned an item.
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

    /// The item gave no token.
    #[cold]
    const fn waited_in_vain(&mut self, wait: u64) {
        if self.tokens.begun() {
            self.waited += wait;
        }
    }

    /// Whether everything that happens once in a stream has happened.
    pub(crate) const fn is_steady(&self) -> bool {
        self.is_steady
    }

    /// Says that the engine marked the first token earlier than the stream showed it.
    pub(crate) fn first_token_was_at(&mut self, at: u64) {
        if self.first_token.is_none_or(|first| at < first) {
            self.first_token = Some(at);
            self.tokens.begin_earlier(at);
        }
    }

    pub(crate) const fn first_token(&self) -> Option<u64> {
        self.first_token
    }

    /// All the time that the reader was away.
    pub(crate) const fn away(&self) -> u64 {
        self.away
    }

    /// The stream ended at `now`: by itself (`complete`), or it was broken or dropped.
    pub(crate) fn end(&mut self, now: u64, complete: bool) -> TimingSummary {
        if complete {
            // The request ended when the last item was handed over; what the reader did later is its own affair.
            self.away -= if self.turn == Turn::Producer { self.away_since_item } else { 0 };
        } else if self.turn == Turn::Consumer {
            self.away += now.saturating_sub(self.since);
        } else if self.turn == Turn::Producer && self.first_token.is_some() {
            // What the reader waited for never came, yet the engine was silent that long.
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

    /// A moment on the producer's own clock, which for a lazy one stops while the reader is away.
    #[inline]
    fn model_time(&self, at: u64) -> u64 {
        match self.producer {
            Producer::Push => at,
            Producer::Pull => at.saturating_sub(self.away),
        }
    }

    /// An item before everything that happens once has happened.
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

    /// Any item after that.
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
            // Within a backlog the true gaps are unknown; what is known is that nothing came during the wait.
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

/// How an item came.
struct ItemArrival {
    /// Its moment on the producer's clock.
    at: u64,
    exact: bool,
    /// How long the reader had waited for it.
    wait: u64,
}
