//! The admission queue, from the concurrent requests to the single scheduler thread.

use std::collections::VecDeque;
use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

/// A bounded queue with a single consumer thread.
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
}

/// An entry of the queue.
pub(crate) trait QueueItem {
    /// Returns whether the client has disconnected, so that the entry may be removed.
    fn is_abandoned(&self) -> bool;
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

impl<T: QueueItem> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { items: VecDeque::new(), admission: AdmissionMode::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit }
    }

    /// Adds a job to the queue, and calls `on_admitted` before the consumer can take it.
    pub(crate) fn push(&self, mut job: T, on_admitted: impl FnOnce(&mut T)) -> Result<(), PushError> {
        let mut state = self.lock();
        if state.admission != AdmissionMode::Open {
            return Err(PushError::Closed);
        }
        if state.items.len() >= self.limit {
            state.items.retain(|job| !job.is_abandoned());
        }
        if state.items.len() >= self.limit {
            return Err(PushError::Full);
        }
        on_admitted(&mut job);
        state.items.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Removes all jobs for which `should_keep` returns false.
    pub(crate) fn retain(&self, should_keep: impl FnMut(&T) -> bool) {
        self.lock().items.retain(should_keep);
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

    /// A job whose client has disconnected when the value is 0.
    impl QueueItem for u32 {
        fn is_abandoned(&self) -> bool {
            *self == 0
        }
    }

    fn push(queue: &Queue<u32>, job: u32) -> Result<(), PushError> {
        queue.push(job, |_| {})
    }

    fn take(queue: &Queue<u32>) -> Option<u32> {
        queue.take_if(|_| Some(())).map(|(job, ())| job)
    }

    #[test]
    fn a_full_queue_rejects_and_accepts_again_after_a_take() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(queue.push(3, |_| panic!("a rejected job is not admitted")), Err(PushError::Full));
        assert_eq!(take(&queue), Some(1), "first come, first served");
        assert_eq!(push(&queue, 3), Ok(()));
    }

    #[test]
    fn a_job_that_does_not_fit_waits_and_blocks_those_behind_it() {
        let queue = Queue::new(2);
        assert_eq!((push(&queue, 9), push(&queue, 1)), (Ok(()), Ok(())));
        let fits = |job: &u32| (*job < 5).then_some(job * 2);
        assert_eq!(queue.take_if(fits), None, "9 does not fit, and 1 does not overtake it");
        queue.retain(|job| *job != 9);
        assert_eq!(queue.take_if(fits), Some((1, 2)));
        assert_eq!(queue.take_if(fits), None);
    }

    #[test]
    fn an_abandoned_job_does_not_count_toward_the_limit() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 0), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(push(&queue, 3), Ok(()), "the client of 0 has disconnected");
        assert_eq!(push(&queue, 4), Err(PushError::Full));
        queue.retain(|job| *job != 2);
        assert_eq!(push(&queue, 4), Ok(()), "2 was removed");
        assert_eq!([take(&queue), take(&queue), take(&queue)], [Some(3), Some(4), None]);
    }

    #[test]
    fn a_closed_queue_is_drained_and_then_ends() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        queue.set_admission(AdmissionMode::Closed);
        assert_eq!(push(&queue, 2), Err(PushError::Closed));
        assert!(queue.wait_for_job());
        assert_eq!(take(&queue), Some(1));
        assert!(!queue.wait_for_job());
    }

    #[test]
    fn a_push_wakes_the_waiting_consumer() {
        let queue = Arc::new(Queue::new(1));
        let consumer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.wait_for_job().then(|| take(&queue))
        });
        assert_eq!(push(&queue, 7), Ok(()));
        assert_eq!(consumer.join().ok(), Some(Some(Some(7))));
    }

    #[test]
    fn a_stop_ends_the_sleep_of_the_consumer() {
        let queue = Arc::new(Queue::<u32>::new(1));
        let consumer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || queue.sleep(Duration::MAX)
        });
        queue.set_admission(AdmissionMode::Stopped);
        assert!(consumer.join().is_ok());
    }
}
