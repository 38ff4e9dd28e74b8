//! OTLP over gRPC: the generated clients of `opentelemetry-proto` over the hyper client of this crate.
//!
//! Tonic's own channel would hide the kind of a failure: a refused connection, a web page and a gRPC status all become
//! a `tonic::Status`. [`GrpcService`] sees each HTTP response first and returns an [`ExportError`] for those that are
//! not gRPC.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use http::HeaderMap;
use http::Request;
use http::Response;
use http::StatusCode;
use http::Uri;
use http::header::CONTENT_TYPE;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use tonic::Code;
use tonic::Status;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic_types::StatusExt;
use tower_service::Service;

use super::Compression;
use super::ErrorCause;
use super::ExportError;
use super::ExportRequest;
use super::ExportResponse;
use super::InitError;
use super::MAX_RESPONSE_BYTES;
use super::OtlpEndpoint;
use super::Retry;
use super::client;
use super::client::Client;
use super::is_html;
use super::request_headers;
use crate::grpc::GrpcStatus;

/// A client that sends requests to one endpoint over gRPC.
#[derive(Clone)]
pub(in crate::otlp) struct GrpcTransport {
    service: GrpcService,
    origin: Uri,
    compression: Option<CompressionEncoding>,
}

impl fmt::Debug for GrpcTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcTransport").finish_non_exhaustive()
    }
}

impl GrpcTransport {
    pub(in crate::otlp) fn new(endpoint: &OtlpEndpoint) -> Result<Self, InitError> {
        let compression = match endpoint.compression {
            Compression::None => None,
            Compression::Gzip => Some(CompressionEncoding::Gzip),
            #[cfg(feature = "otlp-zstd")]
            Compression::Zstd => Some(CompressionEncoding::Zstd),
            #[cfg(not(feature = "otlp-zstd"))]
            Compression::Zstd => None,
        };
        let service = GrpcService { client: client::build(endpoint)?, headers: request_headers(endpoint) };
        Ok(Self { service, origin: endpoint.uri.clone(), compression })
    }

    /// Sends a request and reads the response.
    pub(in crate::otlp) async fn send<R: GrpcRequest>(&self, request: R) -> Result<ExportResponse, ExportError> {
        match request.call(self.clone()).await {
            Ok(response) => Ok(ExportResponse::with_rejected(R::rejected_items(&response))),
            Err(status) => Err(error_from_status(&status)),
        }
    }
}

/// A request that a generated gRPC client can send.
pub(in crate::otlp) trait GrpcRequest: ExportRequest {
    fn call(self, transport: GrpcTransport) -> impl Future<Output = Result<Self::Response, Status>> + Send;
}

macro_rules! impl_grpc_request {
    ($request:ident, $client:ident) => {
        impl GrpcRequest for $request {
            async fn call(self, transport: GrpcTransport) -> Result<Self::Response, Status> {
                let client = $client::with_origin(transport.service, transport.origin);
                let mut client = client.max_decoding_message_size(MAX_RESPONSE_BYTES);
                if let Some(compression) = transport.compression {
                    client = client.send_compressed(compression);
                }
                client.export(self).await.map(tonic::Response::into_inner)
            }
        }
    };
}

impl_grpc_request!(ExportTraceServiceRequest, TraceServiceClient);
impl_grpc_request!(ExportMetricsServiceRequest, MetricsServiceClient);
impl_grpc_request!(ExportLogsServiceRequest, LogsServiceClient);

/// The HTTP client that the generated clients call: adds the headers of the endpoint and rejects responses that are not
/// gRPC.
#[derive(Clone)]
struct GrpcService {
    client: Client<Body>,
    headers: HeaderMap,
}

impl Service<Request<Body>> for GrpcService {
    type Response = Response<Limited<Incoming>>;
    type Error = ExportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        for (name, value) in &self.headers {
            // The headers of gRPC itself cannot be overridden.
            request.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
        let response = self.client.request(request);
        Box::pin(async move {
            let response = response.await.map_err(|error| ExportError::from_client_error(&error))?;
            ensure_grpc(&response)?;
            Ok(response.map(|body| Limited::new(body, MAX_RESPONSE_BYTES)))
        })
    }
}

/// Returns an error if the response is not a gRPC response.
fn ensure_grpc<B>(response: &Response<B>) -> Result<(), ExportError> {
    let (status, headers) = (response.status(), response.headers());
    if status != StatusCode::OK {
        let is_retryable = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let retry = if is_retryable { Retry::WithBackoff } else { Retry::Never };
        return Err(ExportError::new(ErrorCause::HttpStatus(status), retry));
    }
    if is_html(headers) {
        return Err(ExportError::new(ErrorCause::HtmlPage, Retry::Never));
    }
    match headers.get(CONTENT_TYPE) {
        Some(kind) if kind.as_bytes().starts_with(b"application/grpc") => Ok(()),
        _ => Err(ExportError::new(ErrorCause::NotGrpc, Retry::Never)),
    }
}

/// Returns the error of a failed call. A status without a source is the collector's own or tonic's verdict on the
/// response.
fn error_from_status(status: &Status) -> ExportError {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<ExportError>() {
            return error.clone();
        }
        if error.is::<LengthLimitError>() {
            return ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never);
        }
        if error.is::<hyper::Error>() {
            return ExportError::connection_lost();
        }
        source = error.source();
    }
    // Tonic reports its own limit on messages only in this form.
    if status.code() == Code::OutOfRange && status.message().starts_with("Error, decoded message length too large") {
        return ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never);
    }
    let code = u16::try_from(status.code() as i32).unwrap_or_default();
    ExportError::new(ErrorCause::GrpcStatus(code), retry_for_status(status, code))
}

/// Returns the retry rule of a gRPC status. The OTLP specification lists the statuses that may be retried: 1, 4, 10,
/// 11, 14 and 15, and 8 (`RESOURCE_EXHAUSTED`) only with a retry delay. Only the delays of 8 and 14 are used. Examples:
/// 14 (`UNAVAILABLE`) with a delay of 2 s is retried after 2 s; 14 without a delay is retried with back-off; 3
/// (`INVALID_ARGUMENT`) is never retried.
fn retry_for_status(status: &Status, code: u16) -> Retry {
    let delay = || status.get_details_retry_info().and_then(|info| info.retry_delay);
    match GrpcStatus::from_code(code) {
        Some(GrpcStatus::ResourceExhausted) => delay().map_or(Retry::Never, Retry::After),
        Some(GrpcStatus::Unavailable) => delay().map_or(Retry::WithBackoff, Retry::After),
        Some(
            GrpcStatus::Cancelled
            | GrpcStatus::DeadlineExceeded
            | GrpcStatus::Aborted
            | GrpcStatus::OutOfRange
            | GrpcStatus::DataLoss,
        ) => Retry::WithBackoff,
        _ => Retry::Never,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tonic_types::ErrorDetails;

    use super::*;

    #[test]
    fn the_retry_rule_is_that_of_the_specification() {
        let rule = |code: Code, delay: Option<u64>| {
            let status = match delay {
                None => Status::new(code, ""),
                Some(seconds) => {
                    let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(seconds)));
                    Status::with_error_details(code, "", details)
                }
            };
            error_from_status(&status).retry
        };
        let after = |seconds| Retry::After(Duration::from_secs(seconds));
        assert_eq!(rule(Code::ResourceExhausted, None), Retry::Never);
        assert_eq!(rule(Code::ResourceExhausted, Some(7)), after(7));
        assert_eq!(rule(Code::Unavailable, Some(0)), after(0));
        assert_eq!(rule(Code::Aborted, Some(7)), Retry::WithBackoff);
        assert_eq!(rule(Code::InvalidArgument, Some(7)), Retry::Never);
        for code in [Code::Cancelled, Code::DeadlineExceeded, Code::Unavailable, Code::OutOfRange, Code::DataLoss] {
            assert_eq!(rule(code, None), Retry::WithBackoff, "{code:?}");
        }
        for code in [Code::Unknown, Code::NotFound, Code::Unimplemented, Code::Internal, Code::Unauthenticated] {
            assert_eq!(rule(code, None), Retry::Never, "{code:?}");
        }
    }
}
