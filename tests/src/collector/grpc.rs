//! Responses over gRPC, sent by tonic's server.

use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::LogsService;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::LogsServiceServer;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::MetricsService;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_server::MetricsServiceServer;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceService;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceServiceServer;
use prost::Message;
use tonic::codec::CompressionEncoding;
use tonic::codegen::Service;

use super::Inbox;
use super::http_server::Body;

/// Handles an OTLP request over gRPC.
pub(super) async fn handle(request: Request<Incoming>, inbox: &Arc<Inbox>, rejected: i64) -> Response<Body> {
    const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;
    let services = OtlpServices { inbox: Arc::clone(inbox), rejected };
    let service = request.uri().path().split('/').nth(1).and_then(|name| name.rsplit('.').next()).unwrap_or_default();
    let (gzip, zstd) = (CompressionEncoding::Gzip, CompressionEncoding::Zstd);
    let response = match service {
        "MetricsService" => {
            let service = MetricsServiceServer::new(services)
                .accept_compressed(gzip)
                .accept_compressed(zstd)
                .max_decoding_message_size(MAX_MESSAGE_BYTES);
            { service }.call(request).await
        }
        "LogsService" => {
            let service = LogsServiceServer::new(services)
                .accept_compressed(gzip)
                .accept_compressed(zstd)
                .max_decoding_message_size(MAX_MESSAGE_BYTES);
            { service }.call(request).await
        }
        _ => {
            let service = TraceServiceServer::new(services)
                .accept_compressed(gzip)
                .accept_compressed(zstd)
                .max_decoding_message_size(MAX_MESSAGE_BYTES);
            { service }.call(request).await
        }
    };
    let response = response.unwrap_or_else(|never| match never {});
    response.map(|body| body.map_err(Into::into).boxed_unsync())
}

struct OtlpServices {
    inbox: Arc<Inbox>,
    rejected: i64,
}

const PARTIAL_SUCCESS_MESSAGE: &str = "some items were rejected";

#[tonic::async_trait]
impl TraceService for OtlpServices {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.record_body(request.encode_to_vec());
        self.inbox.add_spans(request);
        let partial = ExportTracePartialSuccess {
            rejected_spans: self.rejected,
            error_message: PARTIAL_SUCCESS_MESSAGE.to_owned(),
        };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl MetricsService for OtlpServices {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.record_body(request.encode_to_vec());
        self.inbox.add_metrics(request);
        let partial = ExportMetricsPartialSuccess {
            rejected_data_points: self.rejected,
            error_message: PARTIAL_SUCCESS_MESSAGE.to_owned(),
        };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportMetricsServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl LogsService for OtlpServices {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.record_body(request.encode_to_vec());
        self.inbox.add_logs(request);
        let partial = ExportLogsPartialSuccess {
            rejected_log_records: self.rejected,
            error_message: PARTIAL_SUCCESS_MESSAGE.to_owned(),
        };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportLogsServiceResponse { partial_success }))
    }
}
