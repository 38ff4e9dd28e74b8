//! The error of a failed export attempt, its `error.type` for the metrics, and whether to retry.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::grpc::GrpcStatus;
use crate::semconv::value::ErrorType;

/// The error of an export attempt. The text of the response is left out, since it may quote the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) struct ExportError {
    pub(in crate::otlp) cause: ErrorCause,
    pub(in crate::otlp) retry: Retry,
}

/// The cause of the error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) enum ErrorCause {
    /// No connection: refused, unknown host, or untrusted certificate. Contains the innermost error text.
    Connect(String),
    /// The connection was lost.
    ConnectionLost,
    /// The response was not HTTP.
    NotHttp,
    /// The time limit passed without a response.
    Timeout,
    /// An HTTP status that is not a success.
    HttpStatus(StatusCode),
    /// A gRPC status that is not `OK`.
    GrpcStatus(u16),
    /// A response without a gRPC status.
    NotGrpc,
    /// An HTML page.
    HtmlPage,
    /// A response that exceeds the size limit.
    ResponseTooLarge,
}

/// The rule for sending the same request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::otlp) enum Retry {
    Never,
    WithBackoff,
    /// Retry after this time at the earliest.
    After(Duration),
}

impl ExportError {
    pub(super) const fn new(cause: ErrorCause, retry: Retry) -> Self {
        Self { cause, retry }
    }

    pub(in crate::otlp) const fn timeout() -> Self {
        Self::new(ErrorCause::Timeout, Retry::WithBackoff)
    }

    pub(in crate::otlp) const fn connection_lost() -> Self {
        Self::new(ErrorCause::ConnectionLost, Retry::WithBackoff)
    }

    pub(super) fn from_client_error(error: &hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() {
            return Self::new(ErrorCause::Connect(root_cause(error)), Retry::WithBackoff);
        }
        let hyper = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
        match hyper.is_some_and(hyper::Error::is_parse) {
            true => Self::new(ErrorCause::NotHttp, Retry::Never),
            false => Self::connection_lost(),
        }
    }

    pub(in crate::otlp) fn error_type(&self) -> ErrorType {
        match &self.cause {
            ErrorCause::Timeout => ErrorType::Timeout,
            ErrorCause::HttpStatus(status) => match status.as_u16() {
                401 | 403 | 407 => ErrorType::Authentication,
                408 | 504 => ErrorType::Timeout,
                429 => ErrorType::RateLimited,
                300..500 => ErrorType::InvalidRequest,
                _ => ErrorType::Upstream,
            },
            ErrorCause::GrpcStatus(code) => match GrpcStatus::from_code(*code) {
                Some(GrpcStatus::DeadlineExceeded) => ErrorType::Timeout,
                Some(GrpcStatus::PermissionDenied | GrpcStatus::Unauthenticated) => ErrorType::Authentication,
                Some(GrpcStatus::ResourceExhausted) => ErrorType::RateLimited,
                Some(
                    GrpcStatus::InvalidArgument
                    | GrpcStatus::NotFound
                    | GrpcStatus::AlreadyExists
                    | GrpcStatus::FailedPrecondition
                    | GrpcStatus::Unimplemented,
                ) => ErrorType::InvalidRequest,
                _ => ErrorType::Upstream,
            },
            ErrorCause::Connect(_)
            | ErrorCause::ConnectionLost
            | ErrorCause::NotHttp
            | ErrorCause::NotGrpc
            | ErrorCause::HtmlPage
            | ErrorCause::ResponseTooLarge => ErrorType::Upstream,
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            ErrorCause::Connect(reason) => write!(f, "cannot connect: {reason}"),
            ErrorCause::ConnectionLost => f.write_str("the connection was closed before the end of the response"),
            ErrorCause::NotHttp => f.write_str("the response is not HTTP"),
            ErrorCause::Timeout => f.write_str("no response within the time limit"),
            ErrorCause::HttpStatus(status) => write!(f, "the response has the HTTP status {status}"),
            ErrorCause::GrpcStatus(code) => {
                let name = GrpcStatus::from_code(*code).map_or("unknown", GrpcStatus::name);
                write!(f, "the response has the gRPC status {code} ({name})")
            }
            ErrorCause::NotGrpc => f.write_str("the response is not gRPC"),
            ErrorCause::HtmlPage => f.write_str("the response is a web page"),
            ErrorCause::ResponseTooLarge => f.write_str("the response exceeds the size limit"),
        }
    }
}

impl Error for ExportError {}

/// Returns the text of the innermost error, without the errors that wrap it.
fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
