//! The times of one operation, a model call, marked from any thread and read by collections, without a lock.
//!
//! A time is set once, by one atomic exchange, and never changes afterwards. Decisions that depend on two times (was
//! the operation enqueued before it was scheduled, was it scheduled before it ended) are made by the same exchange: the
//! later event closes the cell of the earlier one.

use crate::sync::AtomicU64;
use crate::sync::Ordering;
use crate::timing::Marks;
use crate::timing::PreemptedTime;

/// The marks of an operation, the moments at which it changed its state, in nanoseconds on the observer's clock, and
/// its consumer wait, the time for which the reader of its stream was away.
#[derive(Debug)]
pub(crate) struct Times {
    /// The start of the operation.
    pub(crate) t0: u64,
    enqueued: SetOnce,
    scheduled: SetOnce,
    first_token: SetOnce,
    /// Time in nanoseconds from `t0` to the token that the first-token rule selects.
    ttft: SetOnce,
    absence: Absence,
    /// The moment of the last token of the stream minus the consumer wait before it, in nanoseconds; `t0` before a
    /// token.
    last_token_at: AtomicU64,
}

/// The result of a mark: the moment that was used, and whether the mark was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MarkResult {
    /// The moment that was marked, in nanoseconds, never before the moment that it must follow.
    pub(crate) at: u64,
    /// Set if the given moment was before the one that it must follow, and was replaced by that one. Never set for a
    /// closed cell.
    pub(crate) was_early: bool,
    /// The result of setting the cell.
    pub(crate) result: SetResult,
}

/// The result of setting a cell, which is set at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetResult {
    /// Set by this call.
    Set,
    /// Not set: an earlier call had set it.
    WasSet,
    /// Not set: a later event had closed it.
    WasClosed,
}

impl Times {
    /// Returns the times of an operation that has just started at `t0`, in nanoseconds.
    pub(crate) fn new(t0: u64) -> Self {
        Self {
            t0,
            enqueued: SetOnce::new(),
            scheduled: SetOnce::new(),
            first_token: SetOnce::new(),
            ttft: SetOnce::new(),
            absence: Absence::new(),
            last_token_at: AtomicU64::new(t0),
        }
    }

    /// Marks the operation as waiting in the engine's queue from `at`, in nanoseconds. Has no effect once the operation
    /// was enqueued, was scheduled or has ended.
    pub(crate) fn enqueue(&self, at: u64) -> MarkResult {
        self.enqueued.mark(at, self.t0)
    }

    /// Marks the operation as scheduled by the engine at `at`, in nanoseconds; only the first call sets the mark. Also
    /// returns the time in the queue, in nanoseconds, if the operation was enqueued before; `None` if it was not.
    pub(crate) fn schedule(&self, at: u64) -> (MarkResult, Option<u64>) {
        // The first call closes the cell, so that no later call can mark the operation as enqueued.
        let enqueued = self.enqueued.close();
        let marked = self.scheduled.mark(at, enqueued.unwrap_or(self.t0));
        (marked, enqueued.map(|enqueued| marked.at.saturating_sub(enqueued)))
    }

    /// Marks the first token as generated at `at`, in nanoseconds. Also returns the prefill time, in nanoseconds: the
    /// time from scheduled, or from the start if the operation was not scheduled, to the marked moment.
    pub(crate) fn first_token(&self, at: u64) -> (MarkResult, u64) {
        let begin = self.scheduled.get().unwrap_or(self.t0);
        let marked = self.first_token.mark(at, begin);
        (marked, marked.at.saturating_sub(begin))
    }

    /// Sets the time to first token, in nanoseconds from the start. Returns whether this call set it: `false` if it was
    /// set or the operation has ended.
    pub(crate) fn set_ttft(&self, ttft: u64) -> bool {
        self.ttft.set(ttft) == SetResult::Set
    }

    /// Closes every cell, so that later marks cannot change the times that are recorded at the end.
    pub(crate) fn close(&self) {
        for cell in [&self.enqueued, &self.scheduled, &self.first_token, &self.ttft] {
            cell.close();
        }
    }

    /// Returns the moment of the first token, in nanoseconds; `None` before it.
    pub(crate) fn first_token_at(&self) -> Option<u64> {
        self.first_token.get()
    }

    /// Returns the moment at which the engine first scheduled the operation, in nanoseconds; `None` before it.
    pub(crate) fn scheduled_at(&self) -> Option<u64> {
        self.scheduled.get()
    }

    /// Returns a moment minus the total consumer wait before it, in nanoseconds. The moment must not be in the past.
    pub(crate) fn without_consumer_wait(&self, now: u64) -> u64 {
        self.absence.read().deduct_from(now)
    }

    /// Returns the time from the start to the token that the first-token rule selects, in nanoseconds; `None` before
    /// it.
    pub(crate) fn ttft(&self) -> Option<u64> {
        self.ttft.get()
    }

    /// Records that the consumer, the reader of the stream, took an item at `at`, in nanoseconds, and has not polled
    /// again. `has_tokens` is set if the item carries tokens, which are progress. Only the stream may call it.
    #[inline]
    pub(crate) fn consumer_left(&self, at: u64, has_tokens: bool) {
        let at = self.absence.read().deduct_from(at);
        if has_tokens {
            self.last_token_at.store(at, Ordering::Release);
        }
        self.absence.begin(at);
    }

    /// Records that the consumer polled again, and the total consumer wait so far in nanoseconds. Only the stream may
    /// call it.
    #[inline]
    pub(crate) fn consumer_returned(&self, total_wait: u64) {
        self.absence.end(total_wait);
    }

    /// Returns every time so far except that of preemptions, and the moment at which they were read. `now` reads the clock,
    /// in nanoseconds. For an operation in flight.
    pub(crate) fn marks(&self, now: impl Fn() -> u64) -> Marks {
        let mut snapshot = self.snapshot();
        let mut at = now();
        // A change between the reading of the times and that of the clock would be missing in the result.
        for _ in 0..MAX_REREADS {
            let again = self.snapshot();
            if again == snapshot {
                break;
            }
            snapshot = again;
            at = now();
        }
        self.marks_of(&snapshot, at)
    }

    /// Returns every time so far except that of preemptions, as of `now` in nanoseconds. For an operation whose times no
    /// longer change.
    pub(crate) fn marks_at(&self, now: u64) -> Marks {
        self.marks_of(&self.snapshot(), now)
    }

    fn marks_of(&self, snapshot: &TimesSnapshot, now: u64) -> Marks {
        Marks {
            t0: self.t0,
            // A property of the request, which is not known here.
            has_preparation: false,
            enqueued: snapshot.enqueued,
            scheduled: snapshot.scheduled,
            first_token: snapshot.first_token,
            now,
            consumer_wait: snapshot.absence.until(now),
            is_consumer_away: matches!(snapshot.absence, AbsenceState::Since(_)),
            last_token: snapshot.last_token_at,
            preempted: PreemptedTime::default(),
        }
    }

    fn snapshot(&self) -> TimesSnapshot {
        let absence = self.absence.read();
        // Read in the reverse order of marking: a thread that sees one mark also sees all marks before it.
        let first_token = self.first_token.get();
        let scheduled = self.scheduled.get();
        let last_token_at = self.last_token_at.load(Ordering::Acquire);
        TimesSnapshot { enqueued: self.enqueued.get(), scheduled, first_token, absence, last_token_at }
    }
}

/// The maximum number of times that changing values are read again.
const MAX_REREADS: usize = 64;

/// The values that can change while an operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimesSnapshot {
    enqueued: Option<u64>,
    scheduled: Option<u64>,
    first_token: Option<u64>,
    absence: AbsenceState,
    last_token_at: u64,
}

/// A cell for a number that is set at most once, or closed before it was set.
#[derive(Debug)]
pub(crate) struct SetOnce(AtomicU64);

/// The value of a cell that is neither set nor closed. A number is stored plus one.
const OPEN: u64 = 0;
const CLOSED: u64 = u64::MAX;

impl SetOnce {
    /// Returns an open cell.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(OPEN))
    }

    /// Returns the number; `None` if the cell is open, or was closed before a number was set.
    pub(crate) fn get(&self) -> Option<u64> {
        value(self.0.load(Ordering::Acquire))
    }

    /// Sets the number if the cell is open. The largest number that fits is `u64::MAX - 2`; a larger one is stored as
    /// that.
    pub(crate) fn set(&self, number: u64) -> SetResult {
        match self.exchange(number.saturating_add(1).min(CLOSED - 1)) {
            Ok(_) => SetResult::Set,
            Err(CLOSED) => SetResult::WasClosed,
            Err(_) => SetResult::WasSet,
        }
    }

    /// Closes the cell if it is open. Returns the number if one was set before.
    pub(crate) fn close(&self) -> Option<u64> {
        self.exchange(CLOSED).err().and_then(value)
    }

    fn mark(&self, at: u64, earliest: u64) -> MarkResult {
        let moved = at.max(earliest);
        let result = self.set(moved);
        MarkResult { at: moved, was_early: at < earliest && result != SetResult::WasClosed, result }
    }

    fn exchange(&self, new: u64) -> Result<u64, u64> {
        self.0.compare_exchange(OPEN, new, Ordering::AcqRel, Ordering::Acquire)
    }
}

fn value(stored: u64) -> Option<u64> {
    if stored == CLOSED { None } else { stored.checked_sub(1) }
}

/// The consumer wait of a stream, in one word, so that a collection never reads half of a change. The lowest bit is set
/// while the consumer is away. The other bits are the total consumer wait in nanoseconds, or, while the consumer is
/// away, the moment at which the current absence began minus the previous total.
#[derive(Debug)]
struct Absence(AtomicU64);

/// The decoded value of an [`Absence`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AbsenceState {
    /// The consumer is not away; the value is the total consumer wait so far.
    Before(u64),
    /// The consumer is away; the total consumer wait is the time since this moment.
    Since(u64),
}

impl Absence {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Begins an absence. `at` is its first moment minus the previous total, in nanoseconds. During an absence that
    /// began before, `at` is its value, so nothing changes.
    #[inline]
    fn begin(&self, at: u64) {
        self.0.store((at << 1) | 1, Ordering::Release);
    }

    #[inline]
    fn end(&self, total_wait: u64) {
        self.0.store(total_wait << 1, Ordering::Release);
    }

    #[inline]
    fn read(&self) -> AbsenceState {
        let word = self.0.load(Ordering::Acquire);
        if word & 1 == 0 { AbsenceState::Before(word >> 1) } else { AbsenceState::Since(word >> 1) }
    }
}

impl AbsenceState {
    /// Returns the total consumer wait until `now`, in nanoseconds.
    const fn until(self, now: u64) -> u64 {
        match self {
            Self::Before(total_wait) => total_wait,
            Self::Since(moment) => now.saturating_sub(moment),
        }
    }

    /// Returns `now` minus the total consumer wait until then, in nanoseconds.
    const fn deduct_from(self, now: u64) -> u64 {
        now.saturating_sub(self.until(now))
    }
}
