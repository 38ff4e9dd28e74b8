//! The task that drains a queue: when a batch is full, when the batch delay has passed, or when a flush is requested.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::exporter::DeadlineReceiver;
use super::exporter::RetryingExporter;
use super::queue::Queue;

/// A function that encodes items into requests. Returns the bytes of each request with the number of items in it.
pub(super) type Encoder<T> = Box<dyn Fn(Vec<T>) -> Vec<(Vec<u8>, usize)> + Send + Sync>;

/// The shortest delay. A delay of zero would keep the export thread busy while the queue is empty.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// The task that drains the queue of one signal.
pub(super) struct Batcher<T> {
    pub(super) queue: Arc<Queue<T>>,
    pub(super) batch_size: usize,
    /// The longest time that an item waits for the batch to fill.
    pub(super) batch_delay: Duration,
    pub(super) encoder: Encoder<T>,
    pub(super) exporter: RetryingExporter,
    pub(super) deadline: DeadlineReceiver,
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("exporter", &self.exporter).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Batcher<T> {
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

    async fn export(&mut self, items: Vec<T>) {
        let mut items = items.into_iter();
        loop {
            let batch: Vec<T> = items.by_ref().take(self.batch_size).collect();
            if batch.is_empty() {
                return;
            }
            for (message, count) in (self.encoder)(batch) {
                self.exporter.export(message, count, &mut self.deadline).await;
                self.queue.release(count);
            }
        }
    }
}
