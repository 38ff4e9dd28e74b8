//! The exporter of one signal, over HTTP or gRPC.

use std::sync::Arc;

use opentelemetry_otlp::ExporterBuildError;
use tokio::runtime::Handle;

use super::InitError;
use super::endpoint::OtlpEndpoint;
use super::grpc_exporter::GrpcExporter;
use super::http_exporter::ExporterOptions;
use super::http_exporter::HttpExporter;
use super::retry_sender::RetrySender;
use super::transport::GrpcRequest;
use super::transport::GrpcTransport;

/// The exporter of one signal. `E` is the signal's exporter in `opentelemetry-otlp`, and `R` is the type of its
/// requests.
#[derive(Debug)]
pub(super) enum Exporter<E, R> {
    Http(HttpExporter<E, R>),
    Grpc(Arc<GrpcExporter>),
}

impl<E, R: GrpcRequest> Exporter<E, R> {
    /// Creates the exporter for an endpoint. `build` builds the exporter of `opentelemetry-otlp`, which only HTTP uses.
    pub(super) fn new(
        endpoint: &OtlpEndpoint,
        sender: Arc<RetrySender>,
        runtime: Handle,
        build: impl FnOnce(ExporterOptions) -> Result<E, ExporterBuildError>,
    ) -> Result<Self, InitError> {
        Ok(match endpoint.protocol.encoding() {
            Some(encoding) => Self::Http(HttpExporter::new(endpoint, encoding, sender, runtime, build)?),
            None => Self::Grpc(Arc::new(GrpcExporter { transport: GrpcTransport::new(endpoint)?, sender })),
        })
    }
}
