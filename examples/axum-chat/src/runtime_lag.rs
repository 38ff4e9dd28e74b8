//! Measures the scheduling delay of the async runtime, which every latency of the service includes.

use std::time::Duration;

use llmobs::Observer;

/// Short enough to notice a stall, long enough to cost next to nothing.
const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// Sleeps periodically and records the excess over the requested time. The timer of tokio itself is up to 1 ms late.
pub(crate) async fn record_lag(observer: Observer) {
    loop {
        let due = observer.now().saturating_add(PROBE_INTERVAL);
        tokio::time::sleep(PROBE_INTERVAL).await;
        observer.record_runtime_lag("tokio", observer.now().since(due));
    }
}
