//! The log processor: passes log records from the SDK to the queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::Severity;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::LogBatch;
use opentelemetry_sdk::logs::LogProcessor;
use opentelemetry_sdk::logs::SdkLogRecord;

use super::batcher::Encoder;
use super::export_thread::Flusher;
use super::json_attributes::expand_json_attributes;
use super::queue::Queue;
use super::request_split::encode_split;

/// A log record with the scope that emitted it.
pub(super) type ScopedLogRecord = (SdkLogRecord, InstrumentationScope);

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

/// Returns an encoder that encodes log records into requests.
pub(super) fn encoder(resource: &Resource) -> Encoder<ScopedLogRecord> {
    let resource = ResourceAttributesWithSchema::from(resource);
    Box::new(move |records| {
        let records: Vec<_> = records.iter().map(|(record, scope)| (record, scope)).collect();
        let resource_logs = group_logs_by_resource_and_scope(&LogBatch::new(&records), &resource);
        let mut request = ExportLogsServiceRequest { resource_logs };
        expand_json_attributes(&mut request);
        encode_split(request)
    })
}
