//! A feed of events from the threads of operations to the sampler.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use llmobs::Role;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::companion::StepRef;
use llmobs::semconv::value::Outcome;

use crate::recent_throttle::RecentThrottle;
use crate::step_feed::StepFeed;
use crate::sync::Mutex;
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
    has_lost_events: AtomicBool,
    /// Changes only under the lock of `events`.
    is_closed: AtomicBool,
    /// Set if the sampler sleeps long and must be woken when an operation may run.
    is_sampler_idle: AtomicBool,
    pub(crate) steps: StepFeed,
    pub(crate) thread_control: ThreadControl,
    /// Power attributed to one running operation in watts, as the bits of an `f64`. Zero while unknown.
    running_watts: AtomicU64,
    /// The time for which devices were slowed down.
    pub(crate) recent_throttle: RecentThrottle,
}

/// The maximum number of waiting events: half a minute of a thousand operations per second with four events each, about
/// ten megabytes.
const MAX_PENDING_EVENTS: usize = 131_072;

impl EventFeed {
    /// Returns all events since the last call, and whether events were dropped.
    pub(crate) fn drain(&self) -> (Vec<TimedOperationEvent>, bool) {
        let mut events = self.events.lock();
        let taken = std::mem::take(&mut *events);
        (taken, self.has_lost_events.swap(false, Ordering::Relaxed))
    }

    /// Stores whether the sampler is about to sleep long. With `true`, returns whether the sampler may sleep, which is
    /// the case if the feed is empty: an event that was added while the sampler was awake has not woken it. With
    /// `false`, returns `true`.
    pub(crate) fn set_sampler_idle(&self, is_idle: bool) -> bool {
        self.is_sampler_idle.store(is_idle, Ordering::Relaxed);
        // Under the lock, so threads that add events later see that the sampler sleeps.
        !is_idle || self.events.lock().is_empty()
    }

    /// Discards the waiting events and steps, and all later ones.
    pub(crate) fn close(&self) {
        self.steps.close();
        let mut events = self.events.lock();
        self.is_closed.store(true, Ordering::Relaxed);
        events.clear();
    }

    pub(crate) fn set_watts(&self, watts: f64) {
        self.running_watts.store(watts.to_bits(), Ordering::Relaxed);
    }

    /// Wakes the sampler from a long sleep.
    fn wake_if_idle(&self) {
        if self.is_sampler_idle.swap(false, Ordering::Relaxed) {
            self.thread_control.wake();
        }
    }

    fn push(&self, at: Moment, event: OperationEvent) {
        let mut events = self.events.lock();
        // Under the lock, so no event follows the clearing by `close`.
        if self.is_closed.load(Ordering::Relaxed) {
            return;
        }
        if events.len() < MAX_PENDING_EVENTS {
            events.push((at.as_nanos(), event));
        } else {
            self.has_lost_events.store(true, Ordering::Relaxed);
        }
    }
}

impl Companion for EventFeed {
    fn on_start(&self, operation: OperationRef, at: Moment) {
        // Only an operation of an inference server runs its model on these devices.
        if operation.role() != Role::Server {
            return;
        }
        self.push(at, OperationEvent::Started(operation));
        self.wake_if_idle();
    }

    fn on_mark(&self, id: u64, mark: Mark, at: Moment) {
        self.push(at, OperationEvent::Marked(id, mark));
        // A waiting operation may now run. An operation that starts to wait needs no reading.
        if mark != Mark::Enqueued {
            self.wake_if_idle();
        }
    }

    fn on_end(&self, id: u64, _outcome: Outcome, at: Moment) {
        self.push(at, OperationEvent::Ended(id));
    }

    fn on_step(&self, step: &StepRef<'_>) {
        self.steps.push(step);
    }

    fn provisional_energy(&self, seconds: f64) -> Option<f64> {
        let watts = f64::from_bits(self.running_watts.load(Ordering::Relaxed));
        (watts > 0.0 && !self.is_closed.load(Ordering::Relaxed)).then_some(watts * seconds)
    }

    fn throttled_time(&self, model: &str, from: Moment, to: Moment) -> Duration {
        Duration::from_nanos(self.recent_throttle.time_within(model, from.as_nanos(), to.as_nanos()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    const AT: Moment = Moment::from_nanos(1);

    #[test]
    fn an_idle_sampler_is_woken_by_a_mark_that_makes_an_operation_run() {
        for (mark, should_wake) in [(Mark::Enqueued, false), (Mark::Scheduled, true), (Mark::FirstToken, true)] {
            let event_feed = EventFeed::default();
            assert!(event_feed.set_sampler_idle(true));
            event_feed.on_mark(1, mark, AT);
            assert_eq!(event_feed.is_sampler_idle.load(Ordering::Relaxed), !should_wake, "{mark:?}");
        }
    }

    #[test]
    fn events_from_before_the_sampler_goes_idle_are_drained_first() {
        let event_feed = EventFeed::default();
        event_feed.on_mark(1, Mark::Scheduled, AT);
        assert!(!event_feed.set_sampler_idle(true));
        assert_eq!(event_feed.drain().0.len(), 1);
        assert!(event_feed.set_sampler_idle(true));
    }

    #[test]
    fn a_closed_feed_holds_no_event_of_a_thread_that_adds_one_meanwhile() {
        for round in 0..2_000 {
            let event_feed = EventFeed::default();
            let barrier = Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    barrier.wait();
                    (0..64).for_each(|id| event_feed.on_mark(id, Mark::Scheduled, AT));
                });
                barrier.wait();
                event_feed.close();
            });
            assert!(event_feed.drain().0.is_empty(), "round {round}");
        }
    }
}
