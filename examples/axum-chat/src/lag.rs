//! How late the runtime wakes its tasks: what every latency of the service has in it.

use std::time::Duration;

use llmobs::Observer;

/// Often enough to see a stall, rarely enough to cost nothing.
const PERIOD: Duration = Duration::from_millis(250);

/// Sleeps, and records how much longer it slept than it meant to. tokio's timer itself is up to a millisecond late.
pub(crate) async fn probe(observer: Observer) {
    loop {
        let due = observer.now().saturating_add(PERIOD);
        tokio::time::sleep(PERIOD).await;
        observer.record_runtime_lag("tokio", observer.now().since(due));
    }
}
