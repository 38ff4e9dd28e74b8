//! Counts of what happened to one operation.

use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// The numbers of attempts, stalls and preemptions of an operation.
#[derive(Debug)]
pub(crate) struct Counters {
    preemptions: AtomicU32,
    stalls: AtomicU16,
    attempts: AtomicU16,
}

impl Counters {
    /// Returns the counters of an operation that has just started, with its first attempt.
    #[inline]
    pub(crate) fn new() -> Self {
        Self { preemptions: AtomicU32::new(0), stalls: AtomicU16::new(0), attempts: AtomicU16::new(1) }
    }

    #[inline]
    pub(crate) fn count_preemption(&self) {
        self.preemptions.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn preemptions(&self) -> u32 {
        self.preemptions.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn count_stall(&self) {
        saturating_increment(&self.stalls);
    }

    #[inline]
    pub(crate) fn stalls(&self) -> u16 {
        self.stalls.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn count_attempt(&self) {
        saturating_increment(&self.attempts);
    }

    #[inline]
    pub(crate) fn attempts(&self) -> u16 {
        self.attempts.load(Ordering::Relaxed)
    }
}

/// Adds one to a number, unless it is already `u16::MAX`.
fn saturating_increment(number: &AtomicU16) {
    let _ = number.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| number.checked_add(1));
}
