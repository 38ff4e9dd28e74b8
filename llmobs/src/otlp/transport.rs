//! One export request and its response, over HTTP or gRPC. Both protocols use the same hyper HTTP client and the same
//! limit on the size of a response.

mod client;
mod error;
mod grpc;
mod http;
mod resolver;

pub(super) use self::error::ErrorCause;
pub(super) use self::error::ExportError;
pub(super) use self::error::Retry;
pub(super) use self::grpc::GrpcRequest;
pub(super) use self::grpc::GrpcTransport;
pub(super) use self::http::HttpTransport;

use ::http::HeaderMap;
use ::http::HeaderValue;
use ::http::header::USER_AGENT;

use super::InitError;
use super::endpoint::Compression;
use super::endpoint::OtlpEndpoint;
use super::endpoint::Protocol;
use super::request::ExportRequest;

/// The maximum size of a response in bytes. Responses of collectors have some dozens of bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// The response of a collector that accepted a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExportResponse {
    /// The number of items in the request that the collector rejected.
    pub(super) rejected_items: usize,
}

impl ExportResponse {
    /// Returns the response with this number of rejected items. A negative number is invalid and read as 0.
    fn with_rejected(items: i64) -> Self {
        Self { rejected_items: usize::try_from(items).unwrap_or(0) }
    }
}

/// Returns the headers of the endpoint and the user agent, which the endpoint's headers may override.
fn request_headers(endpoint: &OtlpEndpoint) -> HeaderMap {
    let mut headers = endpoint.headers.clone();
    let agent = HeaderValue::from_static(concat!("llmobs/", env!("CARGO_PKG_VERSION")));
    headers.entry(USER_AGENT).or_insert(agent);
    headers
}

/// Returns whether the response is HTML. Collectors never answer with HTML; a web server on a wrong port does, often
/// with status 200.
fn is_html(headers: &HeaderMap) -> bool {
    headers.get(::http::header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}
