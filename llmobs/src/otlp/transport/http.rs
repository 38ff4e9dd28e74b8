//! OTLP over HTTP: sends an encoded request and reads the response.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::StatusCode;
use http::Uri;
use http::header::CONTENT_ENCODING;
use http::header::CONTENT_TYPE;
use http::header::RETRY_AFTER;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use hyper::body::Incoming;

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
use crate::gzip;
use crate::otlp::encoding::Encoding;

/// A client that sends requests to one endpoint over HTTP.
pub(in crate::otlp) struct HttpTransport {
    client: Client<Full<Bytes>>,
    uri: Uri,
    headers: HeaderMap,
    encoding: Encoding,
    compression: Compression,
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl HttpTransport {
    pub(in crate::otlp) fn new(endpoint: &OtlpEndpoint, encoding: Encoding) -> Result<Self, InitError> {
        let mut headers = request_headers(endpoint);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()));
        let (uri, compression) = (endpoint.uri.clone(), endpoint.compression);
        Ok(Self { client: client::build(endpoint)?, uri, headers, encoding, compression })
    }

    pub(in crate::otlp) const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Returns a body compressed as configured, with the name of the compression; `None` if it is not compressed.
    ///
    /// # Errors
    ///
    /// Returns an error if the compression fails, for example for lack of memory.
    pub(in crate::otlp) fn compress(&self, body: Bytes) -> io::Result<(Bytes, Option<HeaderValue>)> {
        let compressed = match self.compression {
            Compression::None => return Ok((body, None)),
            Compression::Gzip => gzip::compress(&body)?,
            #[cfg(feature = "otlp-zstd")]
            Compression::Zstd => zstd::bulk::compress(&body, zstd::DEFAULT_COMPRESSION_LEVEL)?,
            #[cfg(not(feature = "otlp-zstd"))]
            Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
        };
        Ok((compressed.into(), Some(HeaderValue::from_static(self.compression.as_str()))))
    }

    /// Sends a body, compressed as named by `compressed_as`, and reads the response to a request of the type `R`.
    pub(in crate::otlp) async fn send<R: ExportRequest>(
        &self,
        body: Bytes,
        compressed_as: Option<HeaderValue>,
    ) -> Result<ExportResponse, ExportError> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        if let Some(name) = compressed_as {
            request.headers_mut().insert(CONTENT_ENCODING, name);
        }
        let response = self.client.request(request).await.map_err(|error| ExportError::from_client_error(&error))?;
        let body = read_response(response).await?;
        Ok(ExportResponse::with_rejected(self.encoding.rejected_items::<R>(&body)))
    }
}

/// Returns the body of a successful response. The body of an error response is not read.
async fn read_response(response: Response<Incoming>) -> Result<Bytes, ExportError> {
    let status = response.status();
    if !status.is_success() {
        return Err(ExportError::new(ErrorCause::HttpStatus(status), retry_for_status(status, response.headers())));
    }
    if is_html(response.headers()) {
        return Err(ExportError::new(ErrorCause::HtmlPage, Retry::Never));
    }
    match Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never))
        }
        Err(_) => Err(ExportError::connection_lost()),
    }
}

/// Returns the retry rule of an HTTP status. The OTLP specification allows a retry for 429, 502, 503 and 504. Examples:
/// 503 with `Retry-After: 30` is retried after 30 s; 503 without the header is retried with back-off; 400 is never
/// retried.
fn retry_for_status(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status.as_u16() {
        429 | 502 | 503 | 504 => {
            let retry_after = headers.get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?.trim()));
            retry_after.map_or(Retry::WithBackoff, Retry::After)
        }
        _ => Retry::Never,
    }
}

/// Parses the value of a `Retry-After` header (RFC 9110, section 10.2.3): a number of seconds in decimal digits, or a
/// date. A number that exceeds `u64` is read as `u64::MAX`, and a date in the past as zero. Examples: `120` is 120 s;
/// `1.5` and `soon` are `None`.
fn parse_retry_after(value: &str) -> Option<Duration> {
    if !value.is_empty() && value.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(crate::clock::system_time_before_now(0)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_a_number_of_seconds_of_any_size() {
        assert_eq!(parse_retry_after("0"), Some(Duration::ZERO));
        assert_eq!(parse_retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(parse_retry_after("100000000000000000000000"), Some(Duration::from_secs(u64::MAX)));
        for text in ["", "-1", "+1", "1.5", "soon"] {
            assert_eq!(parse_retry_after(text), None, "{text:?}");
        }
    }

    #[test]
    fn retry_after_is_a_date_in_any_of_the_three_formats_of_http() {
        let in_an_hour = crate::clock::system_time_before_now(0) + Duration::from_secs(3_600);
        let wait = parse_retry_after(&httpdate::fmt_http_date(in_an_hour)).unwrap();
        assert!((Duration::from_secs(3_590)..=Duration::from_secs(3_600)).contains(&wait), "{wait:?}");
        for past in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse_retry_after(past), Some(Duration::ZERO), "{past}");
        }
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:49:37 CET"), None);
    }
}
