//! The status of gRPC calls.

#[cfg(feature = "tower")]
use http::HeaderMap;
#[cfg(feature = "tower")]
use http::StatusCode;

/// The header or trailer that contains the status code.
#[cfg(feature = "tower")]
pub(crate) const STATUS_HEADER: http::HeaderName = http::HeaderName::from_static("grpc-status");

/// Returns whether the headers are those of gRPC itself. gRPC-Web is excluded, since its status is in the body.
///
/// Accepts `application/grpc`, `application/grpc+proto` and `application/grpc;...`, not `application/grpc-web`.
#[cfg(feature = "tower")]
pub(crate) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.as_bytes().strip_prefix(b"application/grpc"));
    kind.is_some_and(|rest| matches!(rest.first(), None | Some(b'+' | b';')))
}

/// The status of a gRPC call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrpcStatus {
    Ok,
    Cancelled,
    /// The status that a client assumes for a call without a status.
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

/// Every status with its name, in the order of the codes.
const STATUSES: [(GrpcStatus, &str); 17] = [
    (GrpcStatus::Ok, "OK"),
    (GrpcStatus::Cancelled, "CANCELLED"),
    (GrpcStatus::Unknown, "UNKNOWN"),
    (GrpcStatus::InvalidArgument, "INVALID_ARGUMENT"),
    (GrpcStatus::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    (GrpcStatus::NotFound, "NOT_FOUND"),
    (GrpcStatus::AlreadyExists, "ALREADY_EXISTS"),
    (GrpcStatus::PermissionDenied, "PERMISSION_DENIED"),
    (GrpcStatus::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (GrpcStatus::FailedPrecondition, "FAILED_PRECONDITION"),
    (GrpcStatus::Aborted, "ABORTED"),
    (GrpcStatus::OutOfRange, "OUT_OF_RANGE"),
    (GrpcStatus::Unimplemented, "UNIMPLEMENTED"),
    (GrpcStatus::Internal, "INTERNAL"),
    (GrpcStatus::Unavailable, "UNAVAILABLE"),
    (GrpcStatus::DataLoss, "DATA_LOSS"),
    (GrpcStatus::Unauthenticated, "UNAUTHENTICATED"),
];

impl GrpcStatus {
    /// Returns the status of a code; `None` for a code that gRPC does not define.
    pub(crate) fn from_code(code: u16) -> Option<Self> {
        STATUSES.get(usize::from(code)).map(|(status, _)| *status)
    }

    /// Returns the name in the gRPC specification.
    pub(crate) const fn name(self) -> &'static str {
        STATUSES[self as usize].1
    }
}

#[cfg(feature = "tower")]
impl GrpcStatus {
    /// Returns the `grpc-status` of trailers, or of the headers of a trailers-only response. An unknown value is
    /// [`Self::Unknown`].
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let code = headers.get(STATUS_HEADER)?.to_str().ok().and_then(|code| code.parse().ok());
        Some(code.and_then(Self::from_code).unwrap_or(Self::Unknown))
    }

    /// Returns the status that a gRPC client derives from a plain HTTP response (gRPC's HTTP-to-status mapping).
    pub(crate) const fn from_http_status(status: StatusCode) -> Self {
        match status.as_u16() {
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            429 | 502..=504 => Self::Unavailable,
            _ => Self::Unknown,
        }
    }

    /// Returns whether OpenTelemetry's gRPC conventions count the status as an error of the server.
    pub(crate) const fn is_server_error(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::DeadlineExceeded
                | Self::Unimplemented
                | Self::Internal
                | Self::Unavailable
                | Self::DataLoss
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_at_the_index_of_its_code() {
        for (code, (status, name)) in STATUSES.into_iter().enumerate() {
            assert_eq!((status as usize, status.name()), (code, name));
        }
        assert_eq!(GrpcStatus::from_code(16), Some(GrpcStatus::Unauthenticated));
        assert_eq!(GrpcStatus::from_code(17), None);
    }

    #[cfg(feature = "tower")]
    #[test]
    fn server_errors_are_those_of_the_conventions() {
        let failures: Vec<_> = (0..17)
            .filter_map(GrpcStatus::from_code)
            .filter(|code| code.is_server_error())
            .map(GrpcStatus::name)
            .collect();
        let expected = ["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"];
        assert_eq!(failures, expected);
    }

    #[cfg(feature = "tower")]
    #[test]
    fn invalid_status_is_unknown() {
        for (status, name) in
            [("0", "OK"), ("16", "UNAUTHENTICATED"), ("17", "UNKNOWN"), ("-1", "UNKNOWN"), ("x", "UNKNOWN")]
        {
            let headers = HeaderMap::from_iter([(STATUS_HEADER, http::HeaderValue::from_static(status))]);
            assert_eq!(GrpcStatus::from_headers(&headers).map(GrpcStatus::name), Some(name), "{status}");
        }
        assert_eq!(GrpcStatus::from_headers(&HeaderMap::new()), None);
    }
}
