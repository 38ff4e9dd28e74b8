//! Answers over gRPC, sent by tonic's server.

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
use super::answer::Body;

/// Handles an OTLP request over gRPC.
pub(super) async fn take(request: Request<Incoming>, inbox: &Arc<Inbox>, rejected: i64) -> Response<Body> {
    const LARGEST: usize = 64 * 1024 * 1024;
    let clerk = Clerk { inbox: Arc::clone(inbox), rejected };
    let service = request.uri().path().split('/').nth(1).and_then(|name| name.rsplit('.').next()).unwrap_or_default();
    let gzip = CompressionEncoding::Gzip;
    let answer = match service {
        "MetricsService" => {
            let service = MetricsServiceServer::new(clerk).accept_compressed(gzip).max_decoding_message_size(LARGEST);
            { service }.call(request).await
        }
        "LogsService" => {
            let service = LogsServiceServer::new(clerk).accept_compressed(gzip).max_decoding_message_size(LARGEST);
            { service }.call(request).await
        }
        _ => {
            let service = TraceServiceServer::new(clerk).accept_compressed(gzip).max_decoding_message_size(LARGEST);
            { service }.call(request).await
        }
    };
    let answer = answer.unwrap_or_else(|never| match never {});
    answer.map(|body| body.map_err(Into::into).boxed_unsync())
}

struct Clerk {
    inbox: Arc<Inbox>,
    rejected: i64,
}

const WHY: &str = "some were not liked";

#[tonic::async_trait]
impl TraceService for Clerk {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.keep(request.encode_to_vec());
        self.inbox.take_spans(request);
        let partial = ExportTracePartialSuccess { rejected_spans: self.rejected, error_message: WHY.to_owned() };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportTraceServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl MetricsService for Clerk {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.keep(request.encode_to_vec());
        self.inbox.take_metrics(request);
        let partial =
            ExportMetricsPartialSuccess { rejected_data_points: self.rejected, error_message: WHY.to_owned() };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportMetricsServiceResponse { partial_success }))
    }
}

#[tonic::async_trait]
impl LogsService for Clerk {
    async fn export(
        &self,
        request: tonic::Request<ExportLogsServiceRequest>,
    ) -> Result<tonic::Response<ExportLogsServiceResponse>, tonic::Status> {
        let request = request.into_inner();
        self.inbox.keep(request.encode_to_vec());
        self.inbox.take_logs(request);
        let partial = ExportLogsPartialSuccess { rejected_log_records: self.rejected, error_message: WHY.to_owned() };
        let partial_success = (self.rejected > 0).then_some(partial);
        Ok(tonic::Response::new(ExportLogsServiceResponse { partial_success }))
    }
}
