//! The exporter of log records.

use std::sync::Arc;

use opentelemetry_otlp::LogExporter as OtlpLogExporter;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::LogBatch;
use opentelemetry_sdk::logs::LogExporter as _;
use tokio::runtime::Handle;

use super::InitError;
use super::batcher::BatchExporter;
use super::endpoint::OtlpEndpoint;
use super::exporter::Exporter;
use super::queue_item::ScopedLogRecord;
use super::retry_sender::RetrySender;

/// The exporter of log records.
#[derive(Debug)]
pub(super) struct LogExporter {
    exporter: Exporter<OtlpLogExporter, ExportLogsServiceRequest>,
    resource: ResourceAttributesWithSchema,
}

impl LogExporter {
    pub(super) fn new(
        endpoint: &OtlpEndpoint,
        resource: &Resource,
        sender: Arc<RetrySender>,
        runtime: Handle,
    ) -> Result<Self, InitError> {
        let exporter = Exporter::new(endpoint, sender, runtime, |options| {
            let mut exporter = options.apply(OtlpLogExporter::builder().with_http()).build()?;
            exporter.set_resource(resource);
            Ok(exporter)
        })?;
        Ok(Self { exporter, resource: resource.into() })
    }
}

impl BatchExporter for LogExporter {
    type Item = ScopedLogRecord;

    async fn export(&self, records: Vec<ScopedLogRecord>) {
        let records: Vec<_> = records.iter().map(|(record, scope)| (record, scope)).collect();
        match &self.exporter {
            Exporter::Http(http) => {
                http.export(records.len(), |exporter| exporter.export(LogBatch::new(&records))).await;
            }
            Exporter::Grpc(grpc) => {
                let resource_logs = group_logs_by_resource_and_scope(&LogBatch::new(&records), &self.resource);
                grpc.export(ExportLogsServiceRequest { resource_logs }).await;
            }
        }
    }
}
