//! The admission queue, from the concurrent requests to the single scheduler thread.

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use llmobs::admission::ShedReason;

use crate::priority::Priority;

/// A bounded queue with a single consumer thread. Jobs of one priority are served in the order of their arrival.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    limit: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    admission: AdmissionMode,
    /// The places in the batch that are free and not assigned to a job.
    free_places: usize,
}

/// An entry of the queue.
pub(crate) trait QueueItem {
    /// Returns whether the client has disconnected, so that the entry may be removed.
    fn is_abandoned(&self) -> bool;

    /// Returns the priority of the entry.
    fn priority(&self) -> Priority;

    /// Returns whether a place in the batch is assigned to the entry, so that no other one is served before it.
    fn has_place(&self) -> bool;
}

/// The way in which a job was added to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A place in the batch is assigned to the job, which the consumer takes before its next step.
    WithPlace,
    /// The job waits until the consumer takes it.
    Waiting,
}

/// The admission mode of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AdmissionMode {
    /// New jobs are admitted while there is room.
    Open,
    /// New jobs are rejected; admitted jobs continue.
    Closed,
    /// All jobs are rejected or aborted.
    Stopped,
}

/// The reason why a job was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushError {
    /// The queue is full.
    Full,
    /// The server is shutting down.
    Closed,
}

impl PushError {
    /// Returns the reason for the metrics.
    pub(crate) const fn shed_reason(self) -> ShedReason {
        match self {
            Self::Full => ShedReason::QueueFull,
            Self::Closed => ShedReason::Shutdown,
        }
    }
}

impl<T: QueueItem> Queue<T> {
    /// Returns an empty queue with this many places, in front of a batch with `free_places` free ones.
    pub(crate) fn new(limit: usize, free_places: usize) -> Self {
        let state = State { items: VecDeque::new(), admission: AdmissionMode::Open, free_places };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit }
    }

    /// Adds a job to the queue, before those of lower priorities, and calls `on_entry` before the consumer can take it.
    pub(crate) fn push(&self, mut job: T, on_entry: impl FnOnce(&mut T, Entry)) -> Result<(), PushError> {
        let mut state = self.lock();
        if state.admission != AdmissionMode::Open {
            return Err(PushError::Closed);
        }
        let priority = job.priority();
        let limit = priority.limit(self.limit);
        if state.items.len() >= limit {
            state.items.retain(|job| !job.is_abandoned());
        }
        if state.items.len() >= limit {
            return Err(PushError::Full);
        }
        let entry = if state.free_places > 0 { Entry::WithPlace } else { Entry::Waiting };
        state.free_places = state.free_places.saturating_sub(1);
        on_entry(&mut job, entry);
        // While a place is free, no job waits, so those with a place are the first.
        let is_before = |other: &T| other.has_place() || other.priority() <= priority;
        let position = state.items.partition_point(is_before);
        state.items.insert(position, job);
        self.changed.notify_one();
        Ok(())
    }

    /// Removes all jobs for which `should_keep` returns false.
    pub(crate) fn retain(&self, should_keep: impl FnMut(&mut T) -> bool) {
        self.lock().items.retain_mut(should_keep);
    }

    /// Sets the number of free places in the batch, which are assigned to jobs as they arrive. While a job waits, no place
    /// is assigned to those behind it.
    pub(crate) fn offer(&self, places: usize) {
        let mut state = self.lock();
        let nothing_waits = state.items.iter().all(QueueItem::has_place);
        state.free_places = if nothing_waits { places.saturating_sub(state.items.len()) } else { 0 };
    }

    /// Takes the first job if `fit` returns what it needs, together with that.
    pub(crate) fn take_if<F>(&self, fit: impl FnOnce(&T) -> Option<F>) -> Option<(T, F)> {
        let mut state = self.lock();
        let fitted = fit(state.items.front()?)?;
        Some((state.items.pop_front()?, fitted))
    }

    /// Waits for a job. Returns false when the queue is closed and empty.
    pub(crate) fn wait_for_job(&self) -> bool {
        let is_waiting = |state: &mut State<T>| state.items.is_empty() && state.admission == AdmissionMode::Open;
        let state = self.changed.wait_while(self.lock(), is_waiting).unwrap_or_else(PoisonError::into_inner);
        !state.items.is_empty()
    }

    /// Waits for this time, or until all jobs are aborted. Jobs that arrive meanwhile remain in the queue.
    pub(crate) fn sleep(&self, time: Duration) {
        let is_waiting = |state: &mut State<T>| state.admission != AdmissionMode::Stopped;
        drop(self.changed.wait_timeout_while(self.lock(), time, is_waiting));
    }

    pub(crate) fn admission(&self) -> AdmissionMode {
        self.lock().admission
    }

    /// Sets the admission mode and wakes the consumer.
    pub(crate) fn set_admission(&self, admission: AdmissionMode) {
        self.lock().admission = admission;
        self.changed.notify_one();
    }

    /// Ignores poisoning: every change of the state is a single call, so a panic elsewhere leaves the state consistent.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A job without a place in the batch. Its client has disconnected when the value is 0; from 100 on, its priority is
    /// the lower one.
    impl QueueItem for u32 {
        fn is_abandoned(&self) -> bool {
            *self == 0
        }

        fn priority(&self) -> Priority {
            if *self < 100 { Priority::Default } else { Priority::Flex }
        }

        fn has_place(&self) -> bool {
            false
        }
    }

    fn push(queue: &Queue<u32>, job: u32) -> Result<(), PushError> {
        queue.push(job, |_, _| {})
    }

    fn take(queue: &Queue<u32>) -> Option<u32> {
        queue.take_if(|_| Some(())).map(|(job, ())| job)
    }

    #[test]
    fn a_full_queue_rejects_and_accepts_again_after_a_take() {
        let queue = Queue::new(2, 0);
        assert_eq!(push(&queue, 1), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(queue.push(3, |_, _| panic!("a rejected job is not admitted")), Err(PushError::Full));
        assert_eq!(take(&queue), Some(1), "first come, first served");
        assert_eq!(push(&queue, 3), Ok(()));
    }

    #[test]
    fn a_job_that_does_not_fit_waits_and_blocks_those_behind_it() {
        let queue = Queue::new(2, 0);
        assert_eq!((push(&queue, 9), push(&queue, 1)), (Ok(()), Ok(())));
        let fits = |job: &u32| (*job < 5).then_some(job * 2);
        assert_eq!(queue.take_if(fits), None, "9 does not fit, and 1 does not overtake it");
        queue.retain(|job| *job != 9);
        assert_eq!(queue.take_if(fits), Some((1, 2)));
        assert_eq!(queue.take_if(fits), None);
    }

    #[test]
    fn an_abandoned_job_does_not_count_toward_the_limit() {
        let queue = Queue::new(2, 0);
        assert_eq!(push(&queue, 0), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(push(&queue, 3), Ok(()), "the client of 0 has disconnected");
        assert_eq!(push(&queue, 4), Err(PushError::Full));
        queue.retain(|job| *job != 2);
        assert_eq!(push(&queue, 4), Ok(()), "2 was removed");
        assert_eq!([take(&queue), take(&queue), take(&queue)], [Some(3), Some(4), None]);
    }

    #[test]
    fn a_job_of_a_higher_priority_is_served_first_and_the_lower_one_has_half_of_the_queue() {
        let queue = Queue::new(3, 0);
        assert_eq!((push(&queue, 101), push(&queue, 102)), (Ok(()), Ok(())));
        assert_eq!(push(&queue, 103), Err(PushError::Full));
        assert_eq!((push(&queue, 1), push(&queue, 2)), (Ok(()), Err(PushError::Full)));
        assert_eq!([take(&queue), take(&queue), take(&queue)], [Some(1), Some(101), Some(102)]);
    }

    /// A job that records whether it has a place in the batch.
    #[derive(Debug)]
    struct PlacedJob {
        priority: Priority,
        has_place: bool,
    }

    impl QueueItem for PlacedJob {
        fn is_abandoned(&self) -> bool {
            false
        }

        fn priority(&self) -> Priority {
            self.priority
        }

        fn has_place(&self) -> bool {
            self.has_place
        }
    }

    #[test]
    fn free_places_are_assigned_in_the_order_of_arrival_and_none_while_a_job_waits() {
        let queue = Queue::new(9, 1);
        let push = |priority| {
            let mut entry = None;
            let set = |job: &mut PlacedJob, given| {
                job.has_place = given == Entry::WithPlace;
                entry = Some(given);
            };
            assert_eq!(queue.push(PlacedJob { priority, has_place: false }, set), Ok(()));
            entry
        };
        let take = || queue.take_if(|_| Some(())).map(|(job, ())| (job.priority, job.has_place));
        assert_eq!(push(Priority::Flex), Some(Entry::WithPlace));
        queue.offer(1);
        assert_eq!(push(Priority::Default), Some(Entry::Waiting), "the only place is assigned already");
        assert_eq!(take(), Some((Priority::Flex, true)), "a job with a place is not overtaken");
        queue.offer(1);
        assert_eq!(push(Priority::Default), Some(Entry::Waiting), "the first job does not fit and waits");
        assert_eq!((take(), take()), (Some((Priority::Default, false)), Some((Priority::Default, false))));
        queue.offer(2);
        assert_eq!([push(Priority::Default), push(Priority::Default)], [Some(Entry::WithPlace); 2]);
        assert_eq!(push(Priority::Default), Some(Entry::Waiting));
    }

    #[test]
    fn a_closed_queue_is_drained_and_then_ends() {
        let queue = Queue::new(2, 0);
        assert_eq!(push(&queue, 1), Ok(()));
        queue.set_admission(AdmissionMode::Closed);
        assert_eq!(push(&queue, 2), Err(PushError::Closed));
        assert!(queue.wait_for_job());
        assert_eq!(take(&queue), Some(1));
        assert!(!queue.wait_for_job());
    }

    #[test]
    fn a_push_wakes_the_waiting_consumer() {
        let queue = Arc::new(Queue::new(1, 0));
        let consumer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait_for_job().then(|| take(&queue))
        });
        assert_eq!(push(&queue, 7), Ok(()));
        assert_eq!(consumer.join().ok(), Some(Some(Some(7))));
    }

    #[test]
    fn a_stop_ends_the_sleep_of_the_consumer() {
        let queue = Arc::new(Queue::<u32>::new(1, 0));
        let consumer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.sleep(Duration::MAX)
        });
        queue.set_admission(AdmissionMode::Stopped);
        assert!(consumer.join().is_ok());
    }
}
