//! Message framing and responses of OTLP over gRPC.

use std::time::Duration;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;
use bytes::BufMut;
use bytes::Bytes;
use bytes::BytesMut;
use http::HeaderMap;
use http::HeaderName;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use prost::Message;

use super::ErrorCause;
use super::ExportError;
use super::ExportResponse;
use super::MAX_RESPONSE_BYTES;
use super::Retry;
use super::http_protobuf::is_html;
use crate::grpc::GrpcStatus;
use crate::grpc::STATUS_HEADER;

pub(super) const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");

const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// Returns a length-prefixed gRPC message: the compressed flag (one byte), the length (four bytes, big-endian) and the
/// message.
pub(super) fn encode_message(message: &[u8], is_compressed: bool) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(u8::from(is_compressed));
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

const PREFIX_BYTES: usize = 5;

pub(super) async fn decode_response(response: Response<Incoming>) -> Result<ExportResponse, ExportError> {
    let (head, mut body) = response.into_parts();
    if head.status != StatusCode::OK {
        let is_retryable = matches!(head.status.as_u16(), 429 | 502 | 503 | 504);
        return Err(ExportError::new(
            ErrorCause::HttpStatus(head.status),
            if is_retryable { Retry::WithBackoff } else { Retry::Never },
        ));
    }
    if is_html(&head.headers) {
        return Err(ExportError::new(ErrorCause::HtmlPage, Retry::Never));
    }
    if !head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        return Err(ExportError::new(ErrorCause::NotGrpc, Retry::Never));
    }
    // A response without a body has its status in the headers.
    if let Some(status) = status(&head.headers) {
        return if status == 0 {
            Ok(ExportResponse { rejected_items: 0 })
        } else {
            Err(status_error(status, &head.headers))
        };
    }
    let mut message = BytesMut::new();
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| ExportError::connection_lost())?.into_data() {
            Ok(data) if message.len() + data.len() > MAX_RESPONSE_BYTES => {
                return Err(ExportError::new(ErrorCause::ResponseTooLarge, Retry::Never));
            }
            Ok(data) => message.put_slice(&data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                return match status(&trailers) {
                    // The response is not compressed: the request does not accept compression.
                    Some(0) => Ok(ExportResponse::decode(message.get(PREFIX_BYTES..).unwrap_or_default())),
                    Some(status) => Err(status_error(status, &trailers)),
                    None => Err(ExportError::new(ErrorCause::NotGrpc, Retry::Never)),
                };
            }
        }
    }
    Err(ExportError::new(ErrorCause::NotGrpc, Retry::Never))
}

fn status(headers: &HeaderMap) -> Option<u16> {
    headers.get(STATUS_HEADER)?.to_str().ok()?.trim().parse().ok()
}

/// Returns the error of a gRPC status. The OTLP specification lists the statuses that may be retried: 1, 4, 10, 11, 14
/// and 15, and 8 (`RESOURCE_EXHAUSTED`) only with a retry delay. Example: 14 (`UNAVAILABLE`) with a delay of 2 s is
/// retried after 2 s, without one with back-off; 3 (`INVALID_ARGUMENT`) is never retried. The delay of other statuses is not used.
fn status_error(status: u16, headers: &HeaderMap) -> ExportError {
    let delay = headers.get(DETAILS).and_then(|details| retry_delay(details.as_bytes()));
    let retry = match (GrpcStatus::from_code(status), delay) {
        (Some(GrpcStatus::ResourceExhausted | GrpcStatus::Unavailable), Some(delay)) => Retry::After(delay),
        (
            Some(
                GrpcStatus::Cancelled
                | GrpcStatus::DeadlineExceeded
                | GrpcStatus::Aborted
                | GrpcStatus::OutOfRange
                | GrpcStatus::Unavailable
                | GrpcStatus::DataLoss,
            ),
            _,
        ) => Retry::WithBackoff,
        _ => Retry::Never,
    };
    ExportError::new(ErrorCause::GrpcStatus(status), retry)
}

/// The fields of `google.rpc.Status` that contain the retry delay.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<AnyMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyMessage {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

#[derive(Clone, Copy, PartialEq, Eq, Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

fn retry_delay(details: &[u8]) -> Option<Duration> {
    let details = RpcStatus::decode(decode_base64(details)?.as_slice()).ok()?.details;
    let detail = details.into_iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(detail.value.as_slice()).ok()?.retry_delay?;
    // A negative delay is read as zero, and the request is still retried.
    let (seconds, nanos) = (u64::try_from(delay.seconds), u32::try_from(delay.nanos));
    Some(Duration::new(seconds.unwrap_or(0), nanos.unwrap_or(0).min(999_999_999)))
}

/// Decodes a binary gRPC header: base64, with or without padding.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    const EITHER_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING).decode(text).ok()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_message_is_prefixed_with_its_length() {
        assert_eq!(encode_message(b"abc", false).as_ref(), b"\0\0\0\0\x03abc");
        assert_eq!(encode_message(b"", true).as_ref(), b"\x01\0\0\0\0");
    }

    #[test]
    fn base64_is_decoded_with_and_without_padding() {
        assert_eq!(decode_base64(b"aGVsbG8="), decode_base64(b"aGVsbG8"));
        assert_eq!(decode_base64(b"aGVsbG8sIHdvcmxk").unwrap(), b"hello, world");
        assert_eq!(decode_base64(b"+/8=").unwrap(), [0xfb, 0xff]);
        assert_eq!(decode_base64(b"a b"), None);
    }

    #[test]
    fn the_retry_delay_is_read_from_the_status_details() {
        let delay = Some(ProtoDuration { seconds: 2, nanos: 500_000_000 });
        let value = RetryInfo { retry_delay: delay }.encode_to_vec();
        let detail = AnyMessage { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value };
        let details = RpcStatus { details: vec![AnyMessage::default(), detail] }.encode_to_vec();
        assert_eq!(retry_delay(STANDARD.encode(&details).as_bytes()), Some(Duration::from_millis(2_500)));
        assert_eq!(retry_delay(b"AAAA"), None);
        let value = RetryInfo { retry_delay: Some(ProtoDuration { seconds: -3, nanos: i32::MIN }) }.encode_to_vec();
        let detail = AnyMessage { type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(), value };
        let details = RpcStatus { details: vec![detail] }.encode_to_vec();
        assert_eq!(retry_delay(STANDARD.encode(&details).as_bytes()), Some(Duration::ZERO));
    }
}
