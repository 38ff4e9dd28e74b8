//! The task that drains a queue: when a batch is full, when the batch delay has passed, or when a flush is requested.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::queue::Queue;
use super::queue_item::QueueItem;
use super::retry_sender::DeadlineReceiver;

/// An exporter of batches. It retries and counts them itself.
pub(super) trait BatchExporter: Send + Sync + 'static {
    type Item: QueueItem + Send + Sync + 'static;

    /// Exports a batch. Returns when every item of the batch is counted as sent or dropped.
    fn export(&self, batch: Vec<Self::Item>) -> impl Future<Output = ()> + Send;
}

/// The shortest delay. A delay of zero would keep the export thread busy while the queue is empty.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// The task that drains the queue of one signal.
pub(super) struct Batcher<E: BatchExporter> {
    pub(super) queue: Arc<Queue<E::Item>>,
    pub(super) batch_size: usize,
    /// The longest time that an item waits for the batch to fill.
    pub(super) batch_delay: Duration,
    pub(super) exporter: E,
    pub(super) deadline: DeadlineReceiver,
}

impl<E: BatchExporter> fmt::Debug for Batcher<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("batch_size", &self.batch_size).finish_non_exhaustive()
    }
}

impl<E: BatchExporter> Batcher<E> {
    /// Runs until a shutdown deadline is set and the queue is empty. The code that set the deadline aborts this task
    /// when the deadline passes.
    pub(super) async fn run(mut self) {
        loop {
            let is_shutting_down = self.deadline.borrow_and_update().is_some();
            if !is_shutting_down {
                let _ =
                    tokio::time::timeout(self.batch_delay.max(SHORTEST_DELAY), self.queue.notify().notified()).await;
            }
            let drained = self.queue.drain();
            self.export(drained.items).await;
            // Dropping these senders wakes every caller that waits for a flush.
            drop(drained.flush_waiters);
            if is_shutting_down && self.queue.close_if_empty() {
                return;
            }
        }
    }

    async fn export(&self, items: Vec<E::Item>) {
        let mut items = items.into_iter();
        loop {
            let batch: Vec<_> = items.by_ref().take(self.batch_size).collect();
            if batch.is_empty() {
                return;
            }
            let bytes = batch.iter().map(QueueItem::estimated_bytes).sum();
            self.exporter.export(batch).await;
            self.queue.release_bytes(bytes);
        }
    }
}
