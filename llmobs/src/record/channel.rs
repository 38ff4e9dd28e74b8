//! The bounded channel of records. The thread that ends an operation never waits: a record that does not fit is dropped
//! and counted. The receiver waits on its thread or in its task.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use futures_core::Stream;

use super::finished::Finished;
#[cfg(feature = "cost")]
use crate::cost::Usd;
use crate::sync::AtomicU64;
use crate::sync::Condvar;
use crate::sync::Mutex;
use crate::sync::Ordering;
use crate::unwind::catch_panic;

/// The part of a channel that both of its ends share.
struct Shared {
    queue: Mutex<Queue>,
    /// Notified when a record arrives and when the channel is closed.
    changed: Condvar,
    /// The maximum number of records that wait.
    capacity: usize,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Finished>,
    /// The waker of the task that waits for a record.
    waker: Option<Waker>,
    /// Set when the sender is dropped.
    is_closed: bool,
    /// Set when the receiver is dropped.
    is_abandoned: bool,
    dropped: DroppedRecords,
}

/// The records that a channel dropped, because it was full or because its receiver no longer existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DroppedRecords {
    /// The number of records.
    pub records: u64,
    /// The sum of their input tokens, where these were known.
    pub input_tokens: u64,
    /// The sum of their output tokens, where these were known.
    pub output_tokens: u64,
    /// The sum of their costs, where these were known.
    #[cfg(feature = "cost")]
    pub cost: Usd,
}

impl DroppedRecords {
    /// Adds a record that was dropped.
    pub(crate) fn add(&mut self, record: &Finished) {
        self.records += 1;
        self.input_tokens = self.input_tokens.saturating_add(record.input_tokens().unwrap_or(0));
        self.output_tokens = self.output_tokens.saturating_add(record.output_tokens().unwrap_or(0));
        #[cfg(feature = "cost")]
        {
            self.cost = self.cost.saturating_add(record.cost().unwrap_or_default());
        }
    }
}

/// Returns both ends of a channel in which at most `capacity` records wait.
pub(crate) fn channel(capacity: usize) -> (Sender, Records) {
    let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::default(), capacity });
    (Sender(Arc::clone(&shared)), Records(shared))
}

/// The reason for which a channel dropped a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropCause {
    /// As many records waited as the channel holds.
    QueueFull,
    /// The receiver no longer existed.
    ReceiverDropped,
}

/// The sending end, held by the observer. When it is dropped, the channel is closed.
pub(crate) struct Sender(Arc<Shared>);

impl Sender {
    pub(crate) fn capacity(&self) -> usize {
        self.0.capacity
    }

    /// Gives the record the next sequence number and appends it. Both happen under one lock, so that the records are in
    /// the order of their numbers. A record that is dropped keeps its number, so that the reader finds a hole. Returns the
    /// number, and the cause with the record if it was dropped.
    pub(crate) fn send(&self, mut record: Finished, sequence: &AtomicU64) -> (u64, Result<(), (DropCause, Finished)>) {
        let mut queue = self.0.queue.lock();
        let number = sequence.fetch_add(1, Ordering::Relaxed) + 1;
        record.set_sequence(number);
        let cause = if queue.is_abandoned {
            DropCause::ReceiverDropped
        } else if queue.records.len() >= self.0.capacity {
            DropCause::QueueFull
        } else {
            queue.records.push_back(record);
            let waker = queue.waker.take();
            drop(queue);
            self.0.changed.notify_one();
            wake(waker);
            return (number, Ok(()));
        };
        queue.dropped.add(&record);
        (number, Err((cause, record)))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let waker = {
            let mut queue = self.0.queue.lock();
            queue.is_closed = true;
            queue.waker.take()
        };
        self.0.changed.notify_one();
        wake(waker);
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("capacity", &self.0.capacity).finish_non_exhaustive()
    }
}

/// Wakes the task that waits, with code of its runtime.
fn wake(waker: Option<Waker>) {
    // Caught, because an operation may end while its thread unwinds.
    let _ = waker.map(|waker| catch_panic(|| waker.wake()));
}

/// The receiving end of the channel of [`ObserverBuilder::on_end_channel`](crate::ObserverBuilder::on_end_channel). A
/// thread calls [`recv`](Self::recv); a task of any async runtime reads it as a [`Stream`].
///
/// Records arrive in the order of their [sequence numbers](Finished::sequence), which is the order in which the ends were
/// recorded. A record that finds the channel full is dropped: the reader sees a missing number, and
/// [`dropped`](Self::dropped) returns the sums of all dropped records. The channel is closed when the last clone of the
/// observer and the last of its operations and markers are dropped; the records that wait can still be read.
#[must_use = "without a receiver, every record is dropped"]
pub struct Records(Arc<Shared>);

impl Records {
    /// Returns the next record; `None` if none waits.
    pub fn try_recv(&mut self) -> Option<Finished> {
        self.0.queue.lock().records.pop_front()
    }

    /// Returns the next record, and waits for it; `None` when the channel is closed and empty. Blocks the thread: a task
    /// of an async runtime reads the stream instead.
    pub fn recv(&mut self) -> Option<Finished> {
        let queue = self.0.queue.lock();
        self.0.changed.wait_while(queue, |queue| queue.records.is_empty() && !queue.is_closed).records.pop_front()
    }

    /// Returns the next record, and waits for it at most this long; `None` after that time, and when the channel is closed
    /// and empty.
    pub fn recv_timeout(&mut self, timeout: Duration) -> Option<Finished> {
        let queue = self.0.queue.lock();
        let is_waiting = |queue: &mut Queue| queue.records.is_empty() && !queue.is_closed;
        self.0.changed.wait_timeout_while(queue, timeout, is_waiting).records.pop_front()
    }

    /// Returns an iterator over the records that waits for each, until the channel is closed.
    pub fn iter(&mut self) -> impl Iterator<Item = Finished> {
        std::iter::from_fn(|| self.recv())
    }

    /// Returns whether the channel is closed and empty, so that no further record will arrive.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let queue = self.0.queue.lock();
        queue.is_closed && queue.records.is_empty()
    }

    /// Returns the sums of the records that the channel has dropped so far.
    #[must_use]
    pub fn dropped(&self) -> DroppedRecords {
        self.0.queue.lock().dropped
    }
}

impl Stream for Records {
    type Item = Finished;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Finished>> {
        let mut queue = self.0.queue.lock();
        if let Some(record) = queue.records.pop_front() {
            return Poll::Ready(Some(record));
        }
        if queue.is_closed {
            return Poll::Ready(None);
        }
        // The waker of an earlier poll is dropped after the lock is released: its drop is code of the runtime.
        let previous = queue.waker.replace(context.waker().clone());
        drop(queue);
        drop(previous);
        Poll::Pending
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        let unread = {
            let mut queue = self.0.queue.lock();
            queue.is_abandoned = true;
            std::mem::take(&mut queue.records)
        };
        drop(unread);
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("capacity", &self.0.capacity).finish_non_exhaustive()
    }
}
