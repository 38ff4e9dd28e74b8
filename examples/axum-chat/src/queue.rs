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

/// Longest time that [`Queue::take`] waits for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakeTimeout {
    /// No wait: other work is ready.
    None,
    /// At most this time, after which other work is due.
    For(Duration),
    /// No limit: there is no other work.
    Forever,
}

impl<T: QueueItem> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { items: VecDeque::new(), admission: AdmissionMode::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit }
    }

    /// Adds a job to the queue, and calls `on_admitted` before the consumer can take it.
    pub(crate) fn push(&self, job: T, on_admitted: impl FnOnce(&T)) -> Result<(), PushError> {
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
        on_admitted(&job);
        state.items.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Removes all jobs for which `should_keep` returns false, and takes up to `limit` of the others. Returns `None`
    /// when the queue is closed and empty.
    pub(crate) fn take(
        &self,
        limit: usize,
        timeout: TakeTimeout,
        should_keep: impl FnMut(&T) -> bool,
    ) -> Option<Vec<T>> {
        let mut state = self.lock();
        if limit == 0 || state.items.is_empty() {
            state = match timeout {
                TakeTimeout::For(time) => {
                    self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
                }
                TakeTimeout::Forever if state.admission == AdmissionMode::Open => {
                    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
                TakeTimeout::Forever | TakeTimeout::None => state,
            };
        }
        state.items.retain(should_keep);
        if state.admission != AdmissionMode::Open && state.items.is_empty() {
            return None;
        }
        let count = limit.min(state.items.len());
        Some(state.items.drain(..count).collect())
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

    fn all(_: &u32) -> bool {
        true
    }

    #[test]
    fn a_full_queue_rejects_and_accepts_again_after_a_take() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(queue.push(3, |_| panic!("a rejected job is not admitted")), Err(PushError::Full));
        assert_eq!(queue.take(1, TakeTimeout::None, all), Some(vec![1]), "first come, first served");
        assert_eq!(push(&queue, 3), Ok(()));
    }

    #[test]
    fn an_abandoned_job_does_not_count_toward_the_limit() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 0), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(push(&queue, 3), Ok(()), "the client of 0 has disconnected");
        assert_eq!(push(&queue, 4), Err(PushError::Full));
        assert_eq!(queue.take(0, TakeTimeout::None, |job| *job != 2), Some(vec![]));
        assert_eq!(push(&queue, 4), Ok(()), "2 was removed");
        assert_eq!(queue.take(5, TakeTimeout::None, all), Some(vec![3, 4]));
    }

    #[test]
    fn a_closed_queue_is_drained_and_then_ends() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        queue.set_admission(AdmissionMode::Closed);
        assert_eq!(push(&queue, 2), Err(PushError::Closed));
        assert_eq!(queue.take(1, TakeTimeout::Forever, all), Some(vec![1]));
        assert_eq!(queue.take(1, TakeTimeout::Forever, all), None);
    }

    #[test]
    fn a_push_wakes_the_waiting_consumer() {
        let queue = Arc::new(Queue::new(1));
        let consumer = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || loop {
                match queue.take(1, TakeTimeout::Forever, all) {
                    Some(jobs) if jobs.is_empty() => {}
                    taken => return taken,
                }
            }
        });
        assert_eq!(push(&queue, 7), Ok(()));
        assert_eq!(consumer.join().ok(), Some(Some(vec![7])));
    }
}
