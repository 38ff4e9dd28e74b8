//! The exporter of spans.

use std::sync::Arc;

use opentelemetry_otlp::SpanExporter as OtlpSpanExporter;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanExporter as _;
use tokio::runtime::Handle;

use super::InitError;
use super::batcher::BatchExporter;
use super::endpoint::OtlpEndpoint;
use super::exporter::Exporter;
use super::retry_sender::RetrySender;

/// The exporter of spans.
#[derive(Debug)]
pub(super) struct SpanExporter {
    exporter: Exporter<OtlpSpanExporter, ExportTraceServiceRequest>,
    resource: ResourceAttributesWithSchema,
}

impl SpanExporter {
    pub(super) fn new(
        endpoint: &OtlpEndpoint,
        resource: &Resource,
        sender: Arc<RetrySender>,
        runtime: Handle,
    ) -> Result<Self, InitError> {
        let exporter = Exporter::new(endpoint, sender, runtime, |options| {
            let mut exporter = options.apply(OtlpSpanExporter::builder().with_http()).build()?;
            exporter.set_resource(resource);
            Ok(exporter)
        })?;
        Ok(Self { exporter, resource: resource.into() })
    }
}

impl BatchExporter for SpanExporter {
    type Item = SpanData;

    async fn export(&self, spans: Vec<SpanData>) {
        match &self.exporter {
            Exporter::Http(http) => {
                http.export(spans.len(), |exporter| exporter.export(spans)).await;
            }
            Exporter::Grpc(grpc) => {
                let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
                grpc.export(ExportTraceServiceRequest { resource_spans }).await;
            }
        }
    }
}
