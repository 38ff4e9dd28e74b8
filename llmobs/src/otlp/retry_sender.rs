//! Sends requests to a collector, retries them for a limited time, and counts the dropped items. The OpenTelemetry
//! Collector calls this part of an exporter `retry_sender`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry_sdk::trace::IdGenerator;
use opentelemetry_sdk::trace::RandomIdGenerator;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Signal;
use super::endpoint::OtlpEndpoint;
use super::export_thread::after;
use super::transport::ExportError;
use super::transport::ExportResponse;
use super::transport::Retry;
use crate::sink::export_counts::DropReason;
use crate::sink::export_counts::ExportCounts;

/// The longest back-off between two attempts, before the jitter, unless the collector requests a longer one.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// The longest pause that a collector can request.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Receives the shutdown deadline once it is set; `None` before.
pub(super) type DeadlineReceiver = watch::Receiver<Option<Instant>>;

/// The sender of the requests of one signal. It makes one attempt after the other and knows nothing of the protocol.
#[derive(Debug)]
pub(super) struct RetrySender {
    endpoint: OtlpEndpoint,
    counts: Arc<ExportCounts>,
    /// The time limit of all attempts of one request, including the first.
    retry_timeout: Duration,
    /// True if failed exports are counted as dropped items. False for cumulative metrics, since the next export
    /// contains the same data.
    should_count_dropped: bool,
    deadline: DeadlineReceiver,
    /// True if the last attempt failed. A log event is emitted only when this changes.
    is_failing: AtomicBool,
}

impl RetrySender {
    pub(super) const fn new(
        endpoint: OtlpEndpoint,
        counts: Arc<ExportCounts>,
        retry_timeout: Duration,
        should_count_dropped: bool,
        deadline: DeadlineReceiver,
    ) -> Self {
        let is_failing = AtomicBool::new(false);
        Self { endpoint, counts, retry_timeout, should_count_dropped, deadline, is_failing }
    }

    /// Sends a request that contains this number of items. Each call of `attempt` sends it once; it is called again
    /// while the collector temporarily cannot accept the request. Counts the items as sent or, for exports whose drops
    /// are counted, as dropped. Returns whether the collector accepted the request.
    pub(super) async fn send<A>(&self, items: usize, attempt: impl Fn() -> A) -> bool
    where
        A: Future<Output = Result<ExportResponse, ExportError>>,
    {
        let is_accepted = self.send_until_final(items, attempt).await;
        self.counts.finish(items);
        is_accepted
    }

    async fn send_until_final<A>(&self, items: usize, attempt: impl Fn() -> A) -> bool
    where
        A: Future<Output = Result<ExportResponse, ExportError>>,
    {
        let mut deadline = self.deadline.clone();
        let retry_end = after(self.retry_timeout);
        let mut backoff = Duration::from_millis(200);
        // The first attempt may take its whole time limit, also if nothing is to be retried.
        let mut attempts_end = after(self.endpoint.timeout);
        loop {
            let end = deadline.borrow_and_update().unwrap_or(attempts_end).min(attempts_end);
            attempts_end = retry_end;
            match self.send_once(attempt(), end.saturating_duration_since(Instant::now())).await {
                Ok(response) => {
                    let rejected = response.rejected_items.min(items);
                    self.count_dropped(DropReason::Rejected, rejected);
                    self.counts.add_sent(items - rejected);
                    self.log_recovery();
                    return true;
                }
                Err(error) => {
                    self.log_failure(&error);
                    let pause = match error.retry {
                        Retry::Never => {
                            self.count_dropped(DropReason::Refused, items);
                            return false;
                        }
                        Retry::WithBackoff => jittered(backoff),
                        // The collector may lengthen the back-off, but not shorten it.
                        Retry::After(retry_after) => jittered(backoff).max(retry_after.min(MAX_RETRY_AFTER)),
                    };
                    if !self.wait_for_retry(pause, retry_end, &mut deadline).await {
                        // Metrics have no queue, and so no reason `Shutdown`.
                        let is_shutting_down = deadline.borrow().is_some() && self.counts.signal() != Signal::Metrics;
                        let reason = if is_shutting_down { DropReason::Shutdown } else { DropReason::Unreachable };
                        self.count_dropped(reason, items);
                        return false;
                    }
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
        }
    }

    /// Counts the items of a request that could not be built as dropped.
    pub(super) fn refuse(&self, items: usize) {
        self.count_dropped(DropReason::Refused, items);
        self.counts.finish(items);
    }

    /// Makes one attempt within `limit`, or within the time limit of an attempt if that is shorter.
    async fn send_once(
        &self,
        attempt: impl Future<Output = Result<ExportResponse, ExportError>>,
        limit: Duration,
    ) -> Result<ExportResponse, ExportError> {
        let start = self.counts.now_nanos();
        let limit = limit.min(self.endpoint.timeout);
        let result = tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| Err(ExportError::timeout()));
        let elapsed = self.counts.now_nanos().saturating_sub(start);
        self.counts.record_export(elapsed, result.as_ref().err().map(ExportError::error_type));
        result
    }

    /// Waits for `pause` before the next attempt. Returns `false` if no time is left for an attempt. If the shutdown
    /// deadline is set during a wait, that wait ends at once; each later wait is at most 500 ms.
    async fn wait_for_retry(&self, pause: Duration, retry_end: Instant, deadline: &mut DeadlineReceiver) -> bool {
        let shutdown_deadline = *deadline.borrow();
        let next = Instant::now() + pause;
        match shutdown_deadline {
            Some(end) => {
                let next = next.min(Instant::now() + Duration::from_millis(500));
                let end = end.min(retry_end);
                tokio::time::sleep_until(next.min(end)).await;
                next < end
            }
            None if next >= retry_end => false,
            None => {
                let _ = tokio::time::timeout_at(next, deadline.changed()).await;
                true
            }
        }
    }

    fn count_dropped(&self, reason: DropReason, items: usize) {
        if self.should_count_dropped && items > 0 {
            self.counts.add_dropped(reason, items);
        }
    }

    fn log_failure(&self, error: &ExportError) {
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "llmobs",
                signal = self.counts.signal().as_str(),
                endpoint = self.endpoint.redacted_uri(),
                error.type = error.error_type().as_str(),
                lost = self.counts.total_dropped(),
                "exports fail: {error}"
            );
        }
    }

    fn log_recovery(&self) {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            let (signal, lost) = (self.counts.signal().as_str(), self.counts.total_dropped());
            tracing::info!(target: "llmobs", signal, lost, "exports work again");
        }
    }
}

/// Returns the pause multiplied by a random factor from 0.75 to 1.25, so that the processes of a fleet do not retry at
/// the same time.
fn jittered(pause: Duration) -> Duration {
    let [random, ..] = RandomIdGenerator::default().new_span_id().to_bytes();
    pause.mul_f64(0.75 + f64::from(random) / 512.0)
}
