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
    waiting: VecDeque<T>,
    gate: Gate,
}

/// An entry of the queue.
pub(crate) trait Waiting {
    /// Returns whether the client has disconnected, so that the entry may be removed.
    fn has_left(&self) -> bool;
}

/// The admission state of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    /// New jobs are admitted while there is room.
    Open,
    /// New jobs are refused; admitted jobs continue.
    Closed,
    /// All jobs are refused or aborted.
    Shut,
}

/// The reason why a job was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The queue is full.
    Full,
    /// The server is shutting down.
    Closed,
}

/// Longest time that [`Queue::take`] waits for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// No wait: other work is ready.
    None,
    /// At most this time, after which other work is due.
    For(Duration),
    /// No limit: there is no other work.
    Endless,
}

impl<T: Waiting> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State { waiting: VecDeque::new(), gate: Gate::Open };
        Self { state: Mutex::new(state), changed: Condvar::new(), limit }
    }

    /// Adds a job to the queue, and calls `admitted` before the consumer can take it.
    pub(crate) fn push(&self, job: T, admitted: impl FnOnce(&T)) -> Result<(), Refused> {
        let mut state = self.lock();
        if state.gate != Gate::Open {
            return Err(Refused::Closed);
        }
        if state.waiting.len() >= self.limit {
            state.waiting.retain(|job| !job.has_left());
        }
        if state.waiting.len() >= self.limit {
            return Err(Refused::Full);
        }
        admitted(&job);
        state.waiting.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Removes all jobs for which `keep` returns false, and takes up to `room` of the others. Returns `None` when the
    /// queue is closed and empty.
    pub(crate) fn take(&self, room: usize, patience: Patience, keep: impl FnMut(&T) -> bool) -> Option<Vec<T>> {
        let mut state = self.lock();
        if room == 0 || state.waiting.is_empty() {
            state = match patience {
                Patience::For(time) => self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0,
                Patience::Endless if state.gate == Gate::Open => {
                    self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
                Patience::Endless | Patience::None => state,
            };
        }
        state.waiting.retain(keep);
        if state.gate != Gate::Open && state.waiting.is_empty() {
            return None;
        }
        let count = room.min(state.waiting.len());
        Some(state.waiting.drain(..count).collect())
    }

    pub(crate) fn gate(&self) -> Gate {
        self.lock().gate
    }

    /// Sets the gate and wakes the consumer.
    pub(crate) fn set_gate(&self, gate: Gate) {
        self.lock().gate = gate;
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

    /// A job whose client has left when the value is 0.
    impl Waiting for u32 {
        fn has_left(&self) -> bool {
            *self == 0
        }
    }

    fn push(queue: &Queue<u32>, job: u32) -> Result<(), Refused> {
        queue.push(job, |_| {})
    }

    fn all(_: &u32) -> bool {
        true
    }

    #[test]
    fn a_full_queue_refuses_and_has_room_again_after_a_take() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(queue.push(3, |_| panic!("it was not admitted")), Err(Refused::Full));
        assert_eq!(queue.take(1, Patience::None, all), Some(vec![1]), "first come, first served");
        assert_eq!(push(&queue, 3), Ok(()));
    }

    #[test]
    fn a_job_that_nobody_waits_for_takes_no_place() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 0), Ok(()));
        assert_eq!(push(&queue, 2), Ok(()));
        assert_eq!(push(&queue, 3), Ok(()), "0 has left");
        assert_eq!(push(&queue, 4), Err(Refused::Full));
        assert_eq!(queue.take(0, Patience::None, |job| *job != 2), Some(vec![]));
        assert_eq!(push(&queue, 4), Ok(()), "2 was let go");
        assert_eq!(queue.take(5, Patience::None, all), Some(vec![3, 4]));
    }

    #[test]
    fn a_closed_queue_is_emptied_and_then_over() {
        let queue = Queue::new(2);
        assert_eq!(push(&queue, 1), Ok(()));
        queue.set_gate(Gate::Closed);
        assert_eq!(push(&queue, 2), Err(Refused::Closed));
        assert_eq!(queue.take(1, Patience::Endless, all), Some(vec![1]));
        assert_eq!(queue.take(1, Patience::Endless, all), None);
    }

    #[test]
    fn a_push_wakes_who_waits() {
        let queue = Arc::new(Queue::new(1));
        let taker = std::thread::spawn({
            let queue = Arc::clone(&queue);
            move || loop {
                match queue.take(1, Patience::Endless, all) {
                    Some(jobs) if jobs.is_empty() => {}
                    taken => return taken,
                }
            }
        });
        assert_eq!(push(&queue, 7), Ok(()));
        assert_eq!(taker.join().ok(), Some(Some(vec![7])));
    }
}
