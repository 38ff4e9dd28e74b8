//! The numbers of attempts, stalls and preemptions of one operation (one model call), the engine that runs it, and the
//! quality of its reported usage. Any thread sets them; the log event at the end of the operation contains the numbers.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering;

/// The numbers of attempts, stalls and preemptions of one operation. An attempt is one request to the model: the first
/// one, or a retry, a fallback or a hedge. A stall is a pause of one second or more in the stream. A preemption is
/// counted when the engine takes the operation out of its batch, or schedules it again if that was not marked.
// Small numbers: an operation in flight uses at most a kibibyte.
#[derive(Debug)]
pub(crate) struct Counters {
    preemptions: AtomicU16,
    stalls: AtomicU16,
    attempts: AtomicU16,
    /// The index of the engine that runs the operation, [`NO_ENGINE`] before a step named it.
    engine: AtomicU8,
    /// Set if the usage reported for the current attempt is an estimate. Here, it needs no further word.
    is_usage_estimated: AtomicBool,
}

/// The index of no engine.
const NO_ENGINE: u8 = u8::MAX;

impl Counters {
    /// Returns the counters of an operation that has just started: one attempt, no stall and no preemption.
    #[inline]
    pub(crate) fn new() -> Self {
        Self {
            preemptions: AtomicU16::new(0),
            stalls: AtomicU16::new(0),
            attempts: AtomicU16::new(1),
            engine: AtomicU8::new(NO_ENGINE),
            is_usage_estimated: AtomicBool::new(false),
        }
    }

    /// Adds one preemption, unless there are 65,535 already.
    #[inline]
    pub(crate) fn count_preemption(&self) {
        saturating_increment(&self.preemptions);
    }

    /// Returns the number of preemptions.
    #[inline]
    pub(crate) fn preemptions(&self) -> u32 {
        self.preemptions.load(Ordering::Relaxed).into()
    }

    /// Adds one stall, unless there are 65,535 already.
    #[inline]
    pub(crate) fn count_stall(&self) {
        saturating_increment(&self.stalls);
    }

    /// Returns the number of stalls.
    #[inline]
    pub(crate) fn stalls(&self) -> u16 {
        self.stalls.load(Ordering::Relaxed)
    }

    /// Adds one attempt, unless there are 65,535 already.
    #[inline]
    pub(crate) fn count_attempt(&self) {
        saturating_increment(&self.attempts);
    }

    /// Returns the number of attempts, including the first.
    #[inline]
    pub(crate) fn attempts(&self) -> u16 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Sets whether the usage reported for the current attempt is an estimate.
    #[inline]
    pub(crate) fn set_usage_estimated(&self, is_estimated: bool) {
        self.is_usage_estimated.store(is_estimated, Ordering::Relaxed);
    }

    /// Returns whether the usage reported for the current attempt is an estimate.
    #[inline]
    pub(crate) fn is_usage_estimated(&self) -> bool {
        self.is_usage_estimated.load(Ordering::Relaxed)
    }

    /// Sets the index of the engine whose step names the operation. Only the first call has an effect.
    #[inline]
    pub(crate) fn set_engine(&self, index: u8) {
        // Every later step of the operation reads only.
        if self.engine.load(Ordering::Relaxed) == NO_ENGINE {
            let _ = self.engine.compare_exchange(NO_ENGINE, index, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Returns the index of the engine whose step first named the operation, among the engines of its observer; `None`
    /// before.
    pub(crate) fn engine(&self) -> Option<u8> {
        Some(self.engine.load(Ordering::Relaxed)).filter(|index| *index != NO_ENGINE)
    }
}

/// Adds one to a number, unless it is already `u16::MAX`.
fn saturating_increment(number: &AtomicU16) {
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| number.checked_add(1));
}
