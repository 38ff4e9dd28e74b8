//! Sends requests to a collector, retries them for a limited time, and counts the dropped items.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_sdk::trace::IdGenerator;
use opentelemetry_sdk::trace::RandomIdGenerator;
use tokio::sync::watch;
use tokio::time::Instant;

use super::export_thread::after;
use super::transport::ExportError;
use super::transport::ExportResponse;
use super::transport::Retry;
use super::transport::Transport;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;

/// The longest back-off between two attempts, unless the collector requests a longer one.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest pause that a collector can request.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Receives the shutdown deadline once it is set; `None` before.
pub(super) type DeadlineReceiver = watch::Receiver<Option<Instant>>;

/// An exporter of the requests of one signal.
#[derive(Debug)]
pub(super) struct RetryingExporter {
    transport: Transport,
    tally: Arc<ExportCounts>,
    /// The time for which one request is retried.
    tries_for: Duration,
    /// True if failed exports are counted as dropped items. False for cumulative metrics, since the next export
    /// contains the same data.
    losses_count: bool,
    /// True if the last attempt failed. A log event is emitted only when this changes.
    is_failing: AtomicBool,
}

impl RetryingExporter {
    pub(super) const fn new(
        transport: Transport,
        tally: Arc<ExportCounts>,
        tries_for: Duration,
        losses_count: bool,
    ) -> Self {
        Self { transport, tally, tries_for, losses_count, is_failing: AtomicBool::new(false) }
    }

    /// Sends a message and retries it. Returns whether the collector accepted it.
    pub(super) async fn export(&self, message: Vec<u8>, items: usize, deadline: &mut DeadlineReceiver) -> bool {
        let body = self.transport.wrap(message);
        let give_up = after(self.tries_for);
        let mut wait = Duration::from_millis(200);
        loop {
            let end = deadline.borrow_and_update().unwrap_or(give_up).min(give_up);
            match self.send_once(body.clone(), end.saturating_duration_since(Instant::now())).await {
                Ok(answer) => {
                    let rejected = answer.rejected.min(items);
                    self.lose(DropReason::Rejected, rejected);
                    self.tally.send(items - rejected);
                    self.log_recovery();
                    return true;
                }
                Err(fault) => {
                    self.log_failure(&fault);
                    let pause = match fault.retry {
                        Retry::Never => {
                            self.lose(DropReason::Refused, items);
                            return false;
                        }
                        Retry::WithBackoff => around(wait),
                        // The collector may lengthen the back-off, but not shorten it.
                        Retry::After(asked) => around(wait).max(asked.min(LONGEST_WAIT)),
                    };
                    if !self.pause(pause, give_up, deadline).await {
                        let closing = deadline.borrow().is_some();
                        self.lose(if closing { DropReason::Shutdown } else { DropReason::Unreachable }, items);
                        return false;
                    }
                    wait = (wait * 2).min(PATIENCE);
                }
            }
        }
    }

    async fn send_once(&self, body: Bytes, limit: Duration) -> Result<ExportResponse, ExportError> {
        let start = self.tally.now();
        let result = self.transport.send(body, limit).await;
        let took = self.tally.now().saturating_sub(start);
        self.tally.exported(took, result.as_ref().err().map(ExportError::error_type));
        result
    }

    /// Waits before the next attempt. Returns `false` if no time is left for one. When the shutdown deadline is set,
    /// the wait ends early once; after that each wait is at most 500 ms.
    async fn pause(&self, pause: Duration, give_up: Instant, deadline: &mut DeadlineReceiver) -> bool {
        let closing = *deadline.borrow();
        let next = Instant::now() + pause;
        match closing {
            Some(end) => {
                let next = next.min(Instant::now() + Duration::from_millis(500));
                tokio::time::sleep_until(next.min(end)).await;
                next < end
            }
            None if next >= give_up => false,
            None => {
                let _ = tokio::time::timeout_at(next, deadline.changed()).await;
                true
            }
        }
    }

    fn lose(&self, why: DropReason, items: usize) {
        if self.losses_count && items > 0 {
            self.tally.lose(why, items);
        }
    }

    fn log_failure(&self, fault: &ExportError) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            let target = self.transport.target();
            tracing::warn!(
                target: "llmobs",
                signal = self.tally.signal().as_str(),
                endpoint = target.shown(),
                error.type = fault.error_type().as_str(),
                lost = self.tally.all_lost(),
                "exports fail: {fault}"
            );
        }
    }

    fn log_recovery(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            let (signal, lost) = (self.tally.signal().as_str(), self.tally.all_lost());
            tracing::info!(target: "llmobs", signal, lost, "exports work again");
        }
    }
}

/// Returns the pause multiplied by a random factor from 0.75 to 1.25, so that the processes of a fleet do not retry at
/// the same time.
fn around(wait: Duration) -> Duration {
    let [random, ..] = RandomIdGenerator::default().new_span_id().to_bytes();
    wait.mul_f64(0.75 + f64::from(random) / 512.0)
}
