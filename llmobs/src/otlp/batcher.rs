//! The task that empties a queue: when a batch is full, when enough time has passed, when somebody wants it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::exporter::DeadlineReceiver;
use super::exporter::RetryingExporter;
use super::queue::Queue;

/// Makes requests of items: their bytes, each with the number of items in it.
pub(super) type Encoder<T> = Box<dyn Fn(Vec<T>) -> Vec<(Vec<u8>, usize)> + Send + Sync>;

/// A delay of zero would keep the pipeline's thread busy while nothing waits.
const SHORTEST_DELAY: Duration = Duration::from_millis(1);

/// What empties one signal's queue.
pub(super) struct Batcher<T> {
    pub(super) queue: Arc<Queue<T>>,
    pub(super) batch: usize,
    /// The longest that an item waits for others.
    pub(super) delay: Duration,
    pub(super) encode: Encoder<T>,
    pub(super) exporter: RetryingExporter,
    pub(super) deadline: DeadlineReceiver,
}

impl<T> fmt::Debug for Batcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batcher").field("exporter", &self.exporter).finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Batcher<T> {
    /// Runs until a deadline is known and everything was sent. Who set the deadline ends it there.
    pub(super) async fn run(mut self) {
        loop {
            let closing = self.deadline.borrow_and_update().is_some();
            if !closing {
                let _ = tokio::time::timeout(self.delay.max(SHORTEST_DELAY), self.queue.notify().notified()).await;
            }
            let load = self.queue.drain();
            self.ship(load.items).await;
            // Who waited is told by the end of the sender.
            drop(load.flushes);
            if closing && self.queue.close_if_empty() {
                return;
            }
        }
    }

    async fn ship(&mut self, items: Vec<T>) {
        let mut items = items.into_iter();
        loop {
            let batch: Vec<T> = items.by_ref().take(self.batch).collect();
            if batch.is_empty() {
                return;
            }
            for (message, count) in (self.encode)(batch) {
                self.exporter.export(message, count, &mut self.deadline).await;
                self.queue.settle(count);
            }
        }
    }
}
