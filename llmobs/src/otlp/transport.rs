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
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// A client that sends requests to one endpoint.
#[derive(Debug)]
pub(super) struct Transport {
    endpoint: OtlpEndpoint,
    client: Client,
    headers: HeaderMap,
}

/// The response of a collector that accepted a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExportResponse {
    /// The number of items in the request that the collector rejected.
    pub(super) rejected_items: usize,
}

impl Transport {
    pub(super) fn new(endpoint: OtlpEndpoint) -> Result<Self, InitError> {
        let client = client::build(&endpoint)?;
        let mut headers = endpoint.headers.clone();
        let mut insert = |name, value| headers.insert(name, HeaderValue::from_static(value));
        if !endpoint.headers.contains_key(USER_AGENT) {
            insert(USER_AGENT, concat!("llmobs/", env!("CARGO_PKG_VERSION")));
        }
        match (endpoint.protocol, endpoint.compression) {
            (Protocol::HttpProtobuf, Compression::Gzip) => drop(insert(CONTENT_ENCODING, "gzip")),
            (Protocol::Grpc, Compression::Gzip) => drop(insert(grpc::ENCODING, "gzip")),
            (_, Compression::None) => {}
        }
        match endpoint.protocol {
            Protocol::HttpProtobuf => drop(insert(CONTENT_TYPE, "application/x-protobuf")),
            Protocol::Grpc => {
                insert(CONTENT_TYPE, "application/grpc");
                insert(http::header::TE, "trailers");
            }
        }
        Ok(Self { endpoint, client, headers })
    }

    pub(super) const fn endpoint(&self) -> &OtlpEndpoint {
        &self.endpoint
    }

    /// Returns the body of the request for a message: compressed if configured, and with the gRPC prefix.
    pub(super) fn encode_body(&self, message: Vec<u8>) -> Bytes {
        let body = match self.endpoint.compression {
            Compression::Gzip => gzip(&message),
            Compression::None => message,
        };
        match self.endpoint.protocol {
            Protocol::HttpProtobuf => body.into(),
            Protocol::Grpc => grpc::encode_message(&body, self.endpoint.compression == Compression::Gzip),
        }
    }

    /// Sends a body returned by [`encode_body`](Self::encode_body) and reads the response. Takes `limit` at most, or the configured
    /// timeout if that is shorter.
    pub(super) async fn send(&self, body: Bytes, limit: Duration) -> Result<ExportResponse, ExportError> {
        let limit = limit.min(self.endpoint.timeout);
        tokio::time::timeout(limit, self.exchange(body)).await.unwrap_or_else(|_| Err(ExportError::timeout()))
    }

    async fn exchange(&self, body: Bytes) -> Result<ExportResponse, ExportError> {
        let mut request = Request::post(self.endpoint.uri.clone())
            .body(Full::new(body))
            .map_err(|_| ExportError::connection_lost())?;
        *request.headers_mut() = self.headers.clone();
        let response = self.client.request(request).await.map_err(|error| ExportError::from_client_error(&error))?;
        match self.endpoint.protocol {
            Protocol::HttpProtobuf => http_protobuf::decode_response(response).await,
            Protocol::Grpc => grpc::decode_response(response).await,
        }
    }
}

impl ExportResponse {
    /// Decodes the message of a response. The responses of all three signals have the same fields, so one type decodes
    /// them.
    ///
    /// Some back ends answer with JSON or an empty body after a success. A message that cannot be decoded is treated as
    /// accepting all items.
    fn decode(message: &[u8]) -> Self {
        let response = ExportTraceServiceResponse::decode(message).ok();
        let partial = response.and_then(|response| response.partial_success);
        let rejected = partial.map_or(0, |partial| partial.rejected_spans);
        Self { rejected_items: usize::try_from(rejected).unwrap_or(0) }
    }
}

fn gzip(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), flate2::Compression::fast());
    // Writing to a `Vec` cannot fail.
    let _ = encoder.write_all(message);
    encoder.finish().unwrap_or_default()
}
