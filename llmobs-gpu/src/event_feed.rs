//! A feed of events from the threads of operations to the sampler.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use llmobs::Role;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::semconv::value::Outcome;

use crate::thread_control::ThreadControl;

/// An event of an operation.
#[derive(Debug)]
pub(crate) enum OperationEvent {
    Started(OperationRef),
    Marked(u64, Mark),
    Ended(u64),
}

/// The moment of an event in nanoseconds, and the event.
pub(crate) type TimedOperationEvent = (u64, OperationEvent);

/// A bounded feed of operation events. Adding an event takes a short lock, and a full feed drops the event, so
/// operations never wait for the sampler, which may hang.
#[derive(Debug, Default)]
pub(crate) struct EventFeed {
    events: Mutex<Vec<TimedOperationEvent>>,
    /// Set if events were dropped since the last call of `drain`.
    lost: AtomicBool,
    closed: AtomicBool,
    /// Set if the sampler sleeps long and must be woken when an operation may run.
    dozes: AtomicBool,
    pub(crate) signal: ThreadControl,
    /// Power attributed to one running operation in watts, as the bits of an `f64`. Zero while unknown.
    watts: AtomicU64,
}

/// The maximum number of waiting events: a minute of a thousand operations per second, about ten megabytes.
const WAITING: usize = 131_072;

impl EventFeed {
    /// Returns all events since the last call, and whether events were dropped.
    pub(crate) fn drain(&self) -> (Vec<TimedOperationEvent>, bool) {
        let mut said = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *said);
        (taken, self.lost.swap(false, Ordering::Relaxed))
    }

    /// Sets whether the sampler is about to sleep long. Returns whether it may sleep: not while there are events that
    /// did not wake the sampler because it was awake.
    pub(crate) fn doze(&self, dozes: bool) -> bool {
        self.dozes.store(dozes, Ordering::Relaxed);
        // Under the lock, so threads that add events later see that the sampler sleeps.
        !dozes || self.events.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn set_watts(&self, watts: f64) {
        self.watts.store(watts.to_bits(), Ordering::Relaxed);
    }

    /// Wakes the sampler from a long sleep.
    fn rouse(&self) {
        if self.dozes.swap(false, Ordering::Relaxed) {
            self.signal.wake();
        }
    }

    fn push(&self, at: Moment, what: OperationEvent) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let mut said = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() < WAITING {
            said.push((at.as_nanos(), what));
        } else {
            self.lost.store(true, Ordering::Relaxed);
        }
    }
}

impl Companion for EventFeed {
    fn started(&self, operation: OperationRef, at: Moment) {
        // Only an operation of an inference server runs its model on these devices.
        if operation.role() != Role::Server {
            return;
        }
        self.push(at, OperationEvent::Started(operation));
        self.rouse();
    }

    fn marked(&self, id: u64, mark: Mark, at: Moment) {
        self.push(at, OperationEvent::Marked(id, mark));
        // A waiting operation may now run. An operation that starts to wait needs no reading.
        if mark != Mark::Enqueued {
            self.rouse();
        }
    }

    fn ended(&self, id: u64, _outcome: Outcome, at: Moment) {
        self.push(at, OperationEvent::Ended(id));
    }

    fn provisional_energy(&self, ran: f64) -> Option<f64> {
        let watts = f64::from_bits(self.watts.load(Ordering::Relaxed));
        (watts > 0.0 && !self.closed.load(Ordering::Relaxed)).then_some(watts * ran)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment::from_nanos(1);

    #[test]
    fn an_idle_sampler_is_woken_by_a_mark_that_makes_an_operation_run() {
        for (mark, wakes) in [(Mark::Enqueued, false), (Mark::Scheduled, true), (Mark::FirstToken, true)] {
            let follower = EventFeed::default();
            assert!(follower.doze(true));
            follower.marked(1, mark, AT);
            assert_eq!(follower.dozes.load(Ordering::Relaxed), !wakes, "{mark:?}");
        }
    }

    #[test]
    fn events_from_before_the_sampler_goes_idle_are_drained_first() {
        let follower = EventFeed::default();
        follower.marked(1, Mark::Scheduled, AT);
        assert!(!follower.doze(true));
        assert_eq!(follower.drain().0.len(), 1);
        assert!(follower.doze(true));
    }
}
