//! The log processor: passes log records from the SDK to the queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::Severity;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::LogProcessor;
use opentelemetry_sdk::logs::SdkLogRecord;

use super::export_thread::Flusher;
use super::queue::Queue;
use super::queue_item::ScopedLogRecord;

/// The log processor that is registered with the SDK.
pub(super) struct QueueLogProcessor {
    pub(super) queue: Arc<Queue<ScopedLogRecord>>,
    pub(super) flusher: Flusher,
}

impl fmt::Debug for QueueLogProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueLogProcessor").finish_non_exhaustive()
    }
}

impl LogProcessor for QueueLogProcessor {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        self.queue.push((record.clone(), scope.clone()));
    }

    fn event_enabled(&self, _: Severity, _: &str, _: Option<&str>) -> bool {
        true
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.flusher.flush(&self.queue)
    }

    /// Does nothing: the queue is shut down by the pipeline. Records emitted after that are counted as dropped.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
