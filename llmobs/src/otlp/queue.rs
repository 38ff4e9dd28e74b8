//! The queue of items that wait to be sent. The request path only adds items and never waits; an item for which there
//! is no room is dropped and counted.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use tokio::sync::Notify;
use tokio::sync::oneshot;

use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;

/// A bounded queue of items, filled by many threads and drained by one task.
#[derive(Debug)]
pub(super) struct Queue<T> {
    buffer: Mutex<QueueBuffer<T>>,
    /// The number of items that fills a batch.
    batch: usize,
    /// Notified when a batch is full and when a flush or shutdown is requested.
    notify: Notify,
    /// The number of items that were drained and are not yet sent or dropped.
    in_flight: AtomicUsize,
    tally: Arc<ExportCounts>,
}

#[derive(Debug)]
struct QueueBuffer<T> {
    items: Vec<T>,
    /// Senders for callers that wait until all current items are sent or dropped.
    flushes: Vec<oneshot::Sender<()>>,
    is_closed: bool,
}

/// The items and flush requests that the task takes in one call.
pub(super) struct Drain<T> {
    pub(super) items: Vec<T>,
    pub(super) flushes: Vec<oneshot::Sender<()>>,
}

impl<T> Queue<T> {
    pub(super) fn new(batch: usize, tally: Arc<ExportCounts>) -> Self {
        let shelf = QueueBuffer { items: Vec::new(), flushes: Vec::new(), is_closed: false };
        Self { buffer: Mutex::new(shelf), batch, notify: Notify::new(), in_flight: AtomicUsize::new(0), tally }
    }

    /// Adds an item. Drops and counts it if the queue is full or closed. Costs two atomic operations and a short lock.
    pub(super) fn push(&self, item: T) {
        if !self.tally.admit() {
            self.tally.lose(DropReason::QueueFull, 1);
            return;
        }
        let mut shelf = self.lock_buffer();
        if shelf.is_closed {
            drop(shelf);
            self.tally.release(1);
            self.tally.lose(DropReason::Shutdown, 1);
            return;
        }
        shelf.items.push(item);
        let is_full = shelf.items.len() == self.batch;
        drop(shelf);
        if is_full {
            self.notify.notify_one();
        }
    }

    /// Returns whether the queue still accepts items.
    pub(super) fn is_open(&self) -> bool {
        !self.lock_buffer().is_closed
    }

    pub(super) const fn notify(&self) -> &Notify {
        &self.notify
    }

    /// Removes and returns all items. They count against the limit of the queue until they are sent or dropped.
    pub(super) fn drain(&self) -> Drain<T> {
        let mut shelf = self.lock_buffer();
        self.in_flight.fetch_add(shelf.items.len(), Ordering::Relaxed);
        let room = Vec::with_capacity(shelf.items.capacity().min(self.batch));
        Drain { items: std::mem::replace(&mut shelf.items, room), flushes: std::mem::take(&mut shelf.flushes) }
    }

    /// Returns a receiver that resolves when all current items are sent or dropped.
    pub(super) fn flush(&self) -> oneshot::Receiver<()> {
        let (done, wait) = oneshot::channel();
        let mut shelf = self.lock_buffer();
        if !shelf.is_closed {
            shelf.flushes.push(done);
        }
        drop(shelf);
        self.notify.notify_one();
        wait
    }

    /// Closes the queue if it is empty. Returns whether it was closed.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut shelf = self.lock_buffer();
        shelf.is_closed = shelf.items.is_empty();
        shelf.is_closed
    }

    /// Records that `items` drained items were sent or dropped, and frees their places.
    pub(super) fn settle(&self, items: usize) {
        self.in_flight.fetch_sub(items, Ordering::Relaxed);
        self.tally.release(items);
    }

    /// Closes the queue and drops all remaining items, including those drained and not yet sent. The draining task must
    /// have stopped before.
    pub(super) fn abandon(&self) {
        let mut shelf = self.lock_buffer();
        shelf.is_closed = true;
        let left = std::mem::take(&mut shelf.items).len();
        shelf.flushes.clear();
        drop(shelf);
        let left = left + self.in_flight.swap(0, Ordering::Relaxed);
        self.tally.release(left);
        self.tally.lose(DropReason::Shutdown, left);
    }

    fn lock_buffer(&self) -> MutexGuard<'_, QueueBuffer<T>> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::export_counts::Signal;

    fn queue(limit: usize) -> Queue<usize> {
        Queue::new(2, Arc::new(ExportCounts::new(Signal::Traces, Some(limit))))
    }

    #[test]
    fn what_was_taken_still_counts_until_it_was_sent() {
        let queue = queue(3);
        (0..2).for_each(|item| queue.push(item));
        assert_eq!(queue.drain().items, [0, 1]);
        (2..5).for_each(|item| queue.push(item));
        assert_eq!(queue.tally.lost(DropReason::QueueFull), 2);
        queue.settle(2);
        (5..8).for_each(|item| queue.push(item));
        assert_eq!(queue.drain().items, [2, 5, 6]);
        assert_eq!(queue.tally.lost(DropReason::QueueFull), 3);
    }

    #[test]
    fn a_closed_queue_counts_what_was_left_and_what_comes_later() {
        let queue = queue(9);
        queue.push(1);
        assert!(!queue.close_if_empty());
        queue.abandon();
        queue.push(2);
        assert!(!queue.is_open());
        assert_eq!((queue.tally.lost(DropReason::Shutdown), queue.tally.waiting()), (2, 0));
        assert!(queue.flush().blocking_recv().is_err(), "a flush of a closed queue must not wait");
    }
}
