//! The numbers of attempts, stalls and preemptions of one operation (one model call). Any thread counts them; the log
//! event at the end of the operation contains them.

use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// The numbers of attempts, stalls and preemptions of one operation. An attempt is one request to the model: the first
/// one, or a retry, a fallback or a hedge. A stall is a pause of one second or more in the stream. A preemption is
/// counted each time that the engine schedules the operation again.
#[derive(Debug)]
pub(crate) struct Counters {
    preemptions: AtomicU32,
    stalls: AtomicU16,
    attempts: AtomicU16,
}

impl Counters {
    /// Returns the counters of an operation that has just started: one attempt, no stall and no preemption.
    #[inline]
    pub(crate) fn new() -> Self {
        Self { preemptions: AtomicU32::new(0), stalls: AtomicU16::new(0), attempts: AtomicU16::new(1) }
    }

    /// Adds one preemption.
    #[inline]
    pub(crate) fn count_preemption(&self) {
        self.preemptions.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of preemptions.
    #[inline]
    pub(crate) fn preemptions(&self) -> u32 {
        self.preemptions.load(Ordering::Relaxed)
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
}

/// Adds one to a number, unless it is already `u16::MAX`.
fn saturating_increment(number: &AtomicU16) {
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| number.checked_add(1));
}
