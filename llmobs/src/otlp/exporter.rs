//! Brings requests to a collector: tries again for as long as that makes sense, and counts what is lost.

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

/// The longest that a try waits for the next one, unless the collector asked for more.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a collector may ask for at the most.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// When everything must be over, once that is known.
pub(super) type DeadlineReceiver = watch::Receiver<Option<Instant>>;

/// Brings one signal's requests.
#[derive(Debug)]
pub(super) struct RetryingExporter {
    transport: Transport,
    tally: Arc<ExportCounts>,
    /// How long one request is tried.
    tries_for: Duration,
    /// A failed export of cumulative metrics loses nothing: the next one has it all.
    losses_count: bool,
    /// Said once when it begins and once when it ends.
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

    /// Brings a message; tells whether the collector took it.
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
                        // A peer may ask for more patience than the back-off has, never for less.
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

    /// Waits for the next try; false if there is no time for one. That the end is near cuts a wait short, once.
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

/// Somewhat more or less, so that a fleet does not come back at one moment.
fn around(wait: Duration) -> Duration {
    let [random, ..] = RandomIdGenerator::default().new_span_id().to_bytes();
    wait.mul_f64(0.75 + f64::from(random) / 512.0)
}
