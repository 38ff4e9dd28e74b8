//! The status of gRPC calls.

use http::HeaderMap;
use http::StatusCode;
use http::header::CONTENT_TYPE;

/// Returns whether the headers are those of gRPC itself. gRPC-Web is excluded, since its status is in the body.
///
/// Accepts `application/grpc`, `application/grpc+proto` and `application/grpc;...`, not `application/grpc-web`.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    kind.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The status code of a gRPC call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GrpcStatus(u8);

impl GrpcStatus {
    pub(super) const CANCELLED: Self = Self(1);
    /// The status that a client assumes for a call without a status.
    pub(super) const UNKNOWN: Self = Self(2);
    pub(super) const INTERNAL: Self = Self(13);

    /// Returns the `grpc-status` of trailers, or of the headers of a trailers-only response. An unknown value is
    /// `UNKNOWN`.
    pub(super) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let code = headers.get("grpc-status")?.to_str().ok().and_then(|code| code.parse().ok());
        Some(code.filter(|code| usize::from(*code) < STATUS_NAMES.len()).map_or(Self::UNKNOWN, Self))
    }

    /// Returns the status that a gRPC client derives from a plain HTTP response (gRPC's HTTP-to-status mapping).
    pub(super) const fn from_http_status(status: StatusCode) -> Self {
        Self(match status.as_u16() {
            400 => 13,
            401 => 16,
            403 => 7,
            404 => 12,
            429 | 502..=504 => 14,
            _ => 2,
        })
    }

    pub(super) fn name(self) -> &'static str {
        STATUS_NAMES[usize::from(self.0)]
    }

    /// Returns whether OpenTelemetry's gRPC conventions count the status as an error of the server.
    pub(super) const fn is_server_error(self) -> bool {
        matches!(self.0, 2 | 4 | 12..=15)
    }
}

const STATUS_NAMES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn server_errors_are_those_of_the_conventions() {
        let failures: Vec<_> =
            (0..17).map(GrpcStatus).filter(|code| code.is_server_error()).map(GrpcStatus::name).collect();
        let expected = ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
        assert_eq!(failures, expected);
    }

    #[test]
    fn invalid_status_is_unknown() {
        for (status, name) in
            [("0", "OK"), ("16", "UNAUTHENTICATED"), ("17", "UNKNOWN"), ("-1", "UNKNOWN"), ("x", "UNKNOWN")]
        {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("grpc-status"),
                HeaderValue::from_static(status),
            )]);
            assert_eq!(GrpcStatus::from_headers(&headers).map(GrpcStatus::name), Some(name), "{status}");
        }
        assert_eq!(GrpcStatus::from_headers(&HeaderMap::new()), None);
    }
}
