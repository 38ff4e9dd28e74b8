//! The times of one operation: marked from any thread, read by collections, without a lock.
//!
//! A time is set once, by one atomic exchange, and never changes afterwards. What must be decided together with another
//! time (was it enqueued before it was scheduled, was it scheduled before it ended) is decided by the same exchange: the
//! later event closes the cell of the earlier one.

use crate::sync::AtomicU64;
use crate::sync::Ordering;
use crate::timing::Marks;

/// Nanoseconds on the observer's clock at which an operation changed its state.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) t0: u64,
    /// Work of its own precedes the queue.
    pub(super) prepares: bool,
    enqueued: SetOnce,
    scheduled: SetOnce,
    first_token: SetOnce,
    /// From `t0` to the token that the first-token rule names.
    ttft: SetOnce,
    absence: Absence,
}

/// The result of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MarkResult {
    /// The moment that was marked: never before the one that it follows.
    pub(super) at: u64,
    /// The moment given was before the one that it follows, and was moved up to it.
    pub(super) was_early: bool,
    pub(super) result: SetResult,
}

/// Whether a value was put into a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetResult {
    /// By this call.
    Set,
    /// No: an earlier call had set it.
    WasSet,
    /// No: a later event had closed it.
    WasClosed,
}

impl Times {
    pub(super) fn new(t0: u64, prepares: bool) -> Self {
        Self {
            t0,
            prepares,
            enqueued: SetOnce::new(),
            scheduled: SetOnce::new(),
            first_token: SetOnce::new(),
            ttft: SetOnce::new(),
            absence: Absence::new(),
        }
    }

    /// Marks it as waiting in the engine's queue. Too late once it was scheduled.
    pub(super) fn enqueue(&self, at: u64) -> MarkResult {
        self.enqueued.mark(at, self.t0)
    }

    /// Marks it as taken by the engine. Also returns its time in the queue, if it was enqueued before.
    pub(super) fn schedule(&self, at: u64) -> (MarkResult, Option<u64>) {
        // Closed by the first call: from here on no call can change whether it was enqueued.
        let enqueued = self.enqueued.close();
        let marked = self.scheduled.mark(at, enqueued.unwrap_or(self.t0));
        (marked, enqueued.map(|enqueued| marked.at.saturating_sub(enqueued)))
    }

    /// Marks its first token. Also returns its prefill time.
    pub(super) fn first_token(&self, at: u64) -> (MarkResult, u64) {
        let begin = self.scheduled.get().unwrap_or(self.t0);
        let marked = self.first_token.mark(at, begin);
        (marked, marked.at.saturating_sub(begin))
    }

    /// Sets its time to first token. Returns whether this call did.
    pub(super) fn set_ttft(&self, ttft: u64) -> bool {
        self.ttft.set(ttft) == SetResult::Set
    }

    /// Closes every cell. Marks that come later change nothing, so that what is recorded at the end stays true.
    pub(super) fn close(&self) {
        for cell in [&self.enqueued, &self.scheduled, &self.first_token, &self.ttft] {
            cell.close();
        }
    }

    pub(super) fn first_token_at(&self) -> Option<u64> {
        self.first_token.get()
    }

    pub(super) fn ttft(&self) -> Option<u64> {
        self.ttft.get()
    }

    /// Notes that the consumer took an item and left. Only the stream may call it.
    #[inline]
    pub(super) fn consumer_left(&self, at: u64) {
        self.absence.begin(at);
    }

    /// Notes that the consumer is back after having been away for so long in all. Only the stream may call it.
    #[inline]
    pub(super) fn consumer_returned(&self, away: u64) {
        self.absence.end(away);
    }

    /// Returns every time so far, and the moment at which they were read. `now` reads the clock.
    pub(super) fn marks(&self, now: impl Fn() -> u64) -> Marks {
        let mut seen = self.seen();
        let mut at = now();
        // What changes between the two readings and the clock's would be booked as if it had changed after them.
        for _ in 0..TRIES {
            let again = self.seen();
            if again == seen {
                break;
            }
            seen = again;
            at = now();
        }
        Marks {
            t0: self.t0,
            prepares: self.prepares,
            enqueued: seen.enqueued,
            scheduled: seen.scheduled,
            first_token: seen.first_token,
            now: at,
            away: seen.absence.until(at),
            is_consumer_away: matches!(seen.absence, AbsenceState::Since(_)),
        }
    }

    fn seen(&self) -> TimesSnapshot {
        let absence = self.absence.read();
        // Against the order in which they are marked: whoever sees one sees those that were marked before it.
        let first_token = self.first_token.get();
        let scheduled = self.scheduled.get();
        TimesSnapshot { enqueued: self.enqueued.get(), scheduled, first_token, absence }
    }
}

/// How often times that change while they are read are read again.
const TRIES: usize = 64;

/// What can change while an operation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimesSnapshot {
    enqueued: Option<u64>,
    scheduled: Option<u64>,
    first_token: Option<u64>,
    absence: AbsenceState,
}

/// A number that is set once, or closed before it was set.
#[derive(Debug)]
pub(super) struct SetOnce(AtomicU64);

/// Neither set nor closed. A number that is set is kept plus one.
const OPEN: u64 = 0;
const CLOSED: u64 = u64::MAX;

impl SetOnce {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(OPEN))
    }

    pub(super) fn get(&self) -> Option<u64> {
        value(self.0.load(Ordering::Acquire))
    }

    /// Sets it, if it is open. The largest number that it can hold is `u64::MAX - 2`.
    pub(super) fn set(&self, number: u64) -> SetResult {
        match self.exchange(number.saturating_add(1).min(CLOSED - 1)) {
            Ok(_) => SetResult::Set,
            Err(CLOSED) => SetResult::WasClosed,
            Err(_) => SetResult::WasSet,
        }
    }

    /// Closes it, if it is open. Returns the number that was set before.
    pub(super) fn close(&self) -> Option<u64> {
        self.exchange(CLOSED).err().and_then(value)
    }

    fn mark(&self, at: u64, earliest: u64) -> MarkResult {
        let moved = at.max(earliest);
        MarkResult { at: moved, was_early: at < earliest, result: self.set(moved) }
    }

    fn exchange(&self, new: u64) -> Result<u64, u64> {
        self.0.compare_exchange(OPEN, new, Ordering::AcqRel, Ordering::Acquire)
    }
}

fn value(kept: u64) -> Option<u64> {
    if kept == CLOSED { None } else { kept.checked_sub(1) }
}

/// For how long the consumer of the stream was away. One word, so that a collection never sees half of a change: the
/// lowest bit says whether the consumer is away; the others are all the time that it was away, or, while it is away, the
/// moment at which it left less that time.
#[derive(Debug)]
struct Absence(AtomicU64);

/// What an [`Absence`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AbsenceState {
    /// It is not away, and was for so long in all.
    Before(u64),
    /// It is away, for as long in all as has passed since this moment.
    Since(u64),
}

impl Absence {
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    #[inline]
    fn begin(&self, at: u64) {
        if let AbsenceState::Before(away) = self.read() {
            self.0.store((at.saturating_sub(away) << 1) | 1, Ordering::Release);
        }
    }

    #[inline]
    fn end(&self, away: u64) {
        self.0.store(away << 1, Ordering::Release);
    }

    #[inline]
    fn read(&self) -> AbsenceState {
        let word = self.0.load(Ordering::Acquire);
        if word & 1 == 0 { AbsenceState::Before(word >> 1) } else { AbsenceState::Since(word >> 1) }
    }
}

impl AbsenceState {
    /// All the time until `now`.
    const fn until(self, now: u64) -> u64 {
        match self {
            Self::Before(away) => away,
            Self::Since(moment) => now.saturating_sub(moment),
        }
    }
}
