//! One export request and its response, over HTTP or gRPC. Both protocols use the same hyper HTTP client and the same
//! limits on time and response size: a gRPC request is an HTTP/2 request whose path is the method, whose body has a
//! prefix of five bytes, and whose status is in the trailers.

mod client;
mod error;
mod grpc;
mod http_protobuf;

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http::HeaderValue;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_TYPE;
use http::header::USER_AGENT;
use http_body_util::Full;
use hyper::Request;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use self::client::Client;
pub(super) use self::error::ErrorCause;
pub(super) use self::error::ExportError;
pub(super) use self::error::Retry;
use super::InitError;
use super::endpoint::Compression;
use super::endpoint::OtlpEndpoint;
use super::endpoint::Protocol;

/// The maximum size of a response in bytes. Responses of collectors have some dozens of bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A client that sends requests to one endpoint.
#[derive(Debug)]
pub(super) struct Transport {
    target: OtlpEndpoint,
    client: Client,
    headers: HeaderMap,
}

/// The response of a collector that accepted a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExportResponse {
    /// The number of items in the request that the collector rejected.
    pub(super) rejected: usize,
}

impl Transport {
    pub(super) fn new(target: OtlpEndpoint) -> Result<Self, InitError> {
        let client = client::build(&target)?;
        let mut headers = target.headers.clone();
        let mut put = |name, value| headers.insert(name, HeaderValue::from_static(value));
        if !target.headers.contains_key(USER_AGENT) {
            put(USER_AGENT, concat!("llmobs/", env!("CARGO_PKG_VERSION")));
        }
        match (target.protocol, target.compression) {
            (Protocol::HttpProtobuf, Compression::Gzip) => drop(put(CONTENT_ENCODING, "gzip")),
            (Protocol::Grpc, Compression::Gzip) => drop(put(grpc::ENCODING, "gzip")),
            (_, Compression::None) => {}
        }
        match target.protocol {
            Protocol::HttpProtobuf => drop(put(CONTENT_TYPE, "application/x-protobuf")),
            Protocol::Grpc => {
                put(CONTENT_TYPE, "application/grpc");
                put(http::header::TE, "trailers");
            }
        }
        Ok(Self { target, client, headers })
    }

    pub(super) const fn target(&self) -> &OtlpEndpoint {
        &self.target
    }

    /// Returns the body of the request for a message: compressed if configured, and with the gRPC prefix.
    pub(super) fn wrap(&self, message: Vec<u8>) -> Bytes {
        let body = match self.target.compression {
            Compression::Gzip => gzip(&message),
            Compression::None => message,
        };
        match self.target.protocol {
            Protocol::HttpProtobuf => body.into(),
            Protocol::Grpc => grpc::frame(&body, self.target.compression == Compression::Gzip),
        }
    }

    /// Sends a body returned by [`wrap`](Self::wrap) and reads the response. Takes `limit` at most, or the configured
    /// timeout if that is shorter.
    pub(super) async fn send(&self, body: Bytes, limit: Duration) -> Result<ExportResponse, ExportError> {
        let limit = limit.min(self.target.timeout);
        tokio::time::timeout(limit, self.exchange(body)).await.unwrap_or_else(|_| Err(ExportError::timeout()))
    }

    async fn exchange(&self, body: Bytes) -> Result<ExportResponse, ExportError> {
        let mut request =
            Request::post(self.target.uri.clone()).body(Full::new(body)).map_err(|_| ExportError::connection_lost())?;
        *request.headers_mut() = self.headers.clone();
        let response = self.client.request(request).await.map_err(|error| ExportError::of_client(&error))?;
        match self.target.protocol {
            Protocol::HttpProtobuf => http_protobuf::read(response).await,
            Protocol::Grpc => grpc::read(response).await,
        }
    }
}

impl ExportResponse {
    /// Decodes the message of a response. The responses of all three signals have the same fields, so one type decodes
    /// them.
    ///
    /// Some back ends answer with JSON or an empty body after a success. A message that cannot be decoded is treated as
    /// accepting all items.
    fn of_message(message: &[u8]) -> Self {
        let answer = ExportTraceServiceResponse::decode(message).ok();
        let partial = answer.and_then(|answer| answer.partial_success);
        let rejected = partial.map_or(0, |partial| partial.rejected_spans);
        Self { rejected: usize::try_from(rejected).unwrap_or(0) }
    }
}

fn gzip(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), flate2::Compression::fast());
    // Writing to a `Vec` cannot fail.
    let _ = encoder.write_all(message);
    encoder.finish().unwrap_or_default()
}
