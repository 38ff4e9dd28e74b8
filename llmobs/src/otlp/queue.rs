//! The queue of items that wait to be sent. The request path only adds items and never waits; an item for which there
//! is no room is dropped and counted.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::oneshot;

use super::queue_item::QueueItem;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;
use crate::sync::Mutex;

/// A bounded queue of items, filled by many threads and drained by one task.
pub(super) struct Queue<T> {
    buffer: Mutex<QueueBuffer<T>>,
    /// The number of items that fills a batch.
    batch_size: usize,
    /// Notified when a batch is full and when a flush or shutdown is requested.
    notify: Notify,
    counts: Arc<ExportCounts>,
}

/// Prints no items: they may contain content.
impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("counts", &self.counts).finish_non_exhaustive()
    }
}

struct QueueBuffer<T> {
    items: Vec<T>,
    /// Senders for callers that wait until all current items are sent or dropped.
    flush_waiters: Vec<oneshot::Sender<()>>,
    is_closed: bool,
}

/// The items and flush requests that the task takes in one call.
pub(super) struct Drain<T> {
    pub(super) items: Vec<T>,
    pub(super) flush_waiters: Vec<oneshot::Sender<()>>,
}

impl<T> Queue<T> {
    pub(super) fn new(batch_size: usize, counts: Arc<ExportCounts>) -> Self {
        let buffer = QueueBuffer { items: Vec::new(), flush_waiters: Vec::new(), is_closed: false };
        Self { buffer: Mutex::new(buffer), batch_size, notify: Notify::new(), counts }
    }

    /// Returns whether the queue still accepts items.
    pub(super) fn is_open(&self) -> bool {
        !self.buffer.lock().is_closed
    }

    pub(super) const fn notify(&self) -> &Notify {
        &self.notify
    }

    /// Removes and returns all items. They count against the limit of the queue until they are sent or dropped.
    pub(super) fn drain(&self) -> Drain<T> {
        let mut buffer = self.buffer.lock();
        self.counts.start(buffer.items.len());
        let empty = Vec::with_capacity(buffer.items.capacity().min(self.batch_size));
        Drain {
            items: std::mem::replace(&mut buffer.items, empty),
            flush_waiters: std::mem::take(&mut buffer.flush_waiters),
        }
    }

    /// Frees the bytes of items that were sent or dropped.
    pub(super) fn release_bytes(&self, bytes: usize) {
        self.counts.release_bytes(bytes);
    }

    /// Returns a receiver that resolves when all current items are sent or dropped.
    pub(super) fn flush(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut buffer = self.buffer.lock();
        if !buffer.is_closed {
            buffer.flush_waiters.push(sender);
        }
        drop(buffer);
        self.notify.notify_one();
        receiver
    }

    /// Closes the queue if it is empty. Returns whether it was closed.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut buffer = self.buffer.lock();
        buffer.is_closed = buffer.items.is_empty();
        buffer.is_closed
    }

    /// Closes the queue and drops all remaining items, including those drained and not yet sent. The draining task must
    /// have stopped before.
    pub(super) fn close_and_drop(&self) {
        let mut buffer = self.buffer.lock();
        buffer.is_closed = true;
        let remaining = std::mem::take(&mut buffer.items).len();
        buffer.flush_waiters.clear();
        drop(buffer);
        let remaining = remaining + self.counts.take_in_flight();
        self.counts.release_bytes(usize::MAX);
        self.counts.release(remaining);
        self.counts.add_dropped(DropReason::Shutdown, remaining);
    }
}

impl<T: QueueItem> Queue<T> {
    /// Adds an item. Drops and counts it if the queue is full or closed. Costs two atomic updates and a short lock.
    pub(super) fn push(&self, item: T) {
        let bytes = item.estimated_bytes();
        if !self.counts.try_reserve(bytes) {
            self.counts.add_dropped(DropReason::QueueFull, 1);
            return;
        }
        self.push_reserved(item, bytes);
    }

    /// Adds an item also if the queue is full. For the shutdown, where the items come from another bounded buffer. Drops
    /// and counts it if the queue is closed.
    pub(super) fn push_unlimited(&self, item: T) {
        let bytes = item.estimated_bytes();
        self.counts.reserve(bytes);
        self.push_reserved(item, bytes);
    }

    /// Returns whether the queue has room for an item of this size.
    pub(super) fn has_room(&self, item: &T) -> bool {
        self.counts.has_room(item.estimated_bytes())
    }

    fn push_reserved(&self, item: T, bytes: usize) {
        let mut buffer = self.buffer.lock();
        if buffer.is_closed {
            drop(buffer);
            self.counts.release(1);
            self.counts.release_bytes(bytes);
            self.counts.add_dropped(DropReason::Shutdown, 1);
            return;
        }
        buffer.items.push(item);
        let is_full = buffer.items.len() == self.batch_size;
        drop(buffer);
        if is_full {
            self.notify.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::export_counts::QueueLimit;
    use crate::sink::export_counts::Signal;

    impl QueueItem for usize {
        fn estimated_bytes(&self) -> usize {
            *self
        }
    }

    fn queue(items: usize) -> Queue<usize> {
        let limit = QueueLimit { items, bytes: 100 };
        Queue::new(2, Arc::new(ExportCounts::new(Signal::Traces, Some(limit))))
    }

    #[test]
    fn drained_items_count_against_the_limit_until_they_are_sent() {
        let queue = queue(3);
        (0..2).for_each(|item| queue.push(item));
        assert_eq!(queue.drain().items, [0, 1]);
        (2..5).for_each(|item| queue.push(item));
        assert_eq!(queue.counts.dropped(DropReason::QueueFull), 2);
        queue.counts.finish(2);
        (5..8).for_each(|item| queue.push(item));
        assert_eq!(queue.drain().items, [2, 5, 6]);
        assert_eq!(queue.counts.dropped(DropReason::QueueFull), 3);
    }

    #[test]
    fn a_closed_queue_counts_remaining_and_later_items_as_dropped() {
        let queue = queue(9);
        queue.push(1);
        assert!(!queue.close_if_empty());
        queue.close_and_drop();
        queue.push(2);
        assert!(!queue.is_open());
        assert_eq!((queue.counts.dropped(DropReason::Shutdown), queue.counts.queued()), (2, 0));
        assert!(queue.flush().blocking_recv().is_err(), "a flush of a closed queue must not wait");
    }

    #[test]
    fn the_bytes_of_the_items_are_limited_until_they_are_sent_and_an_item_of_any_size_fits_into_an_empty_queue() {
        let queue = queue(9);
        [60, 41, 40, 1].into_iter().for_each(|bytes| queue.push(bytes));
        assert_eq!(queue.drain().items, [60, 40]);
        queue.push(1);
        assert_eq!(queue.counts.dropped(DropReason::QueueFull), 3, "items in flight count too");
        queue.counts.finish(2);
        queue.release_bytes(100);
        [1_000, 1].into_iter().for_each(|bytes| queue.push(bytes));
        assert_eq!(queue.drain().items, [1_000]);
        assert_eq!(queue.counts.dropped(DropReason::QueueFull), 4);
    }
}
