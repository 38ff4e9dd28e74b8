//! What can go wrong with a request, in the words of the metrics, and whether to try again.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::semconv::value::ErrorType;

/// A request that failed. What the collector wrote is not part of it: it may quote what it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) struct ExportError {
    pub(in crate::otlp) cause: ErrorCause,
    pub(in crate::otlp) retry: Retry,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) enum ErrorCause {
    /// No connection: nobody listens, no such host, no trust.
    Connect(String),
    /// The connection broke off.
    ConnectionLost,
    /// What came was not HTTP.
    NotHttp,
    /// No answer in time.
    Timeout,
    /// An answer of HTTP that is no success.
    HttpStatus(StatusCode),
    /// An answer of gRPC that is no success.
    GrpcStatus(u16),
    /// An answer without a status of gRPC.
    NotGrpc,
    /// A page for people.
    HtmlPage,
    /// An answer without an end.
    ResponseTooLarge,
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::otlp) enum Retry {
    Never,
    WithBackoff,
    /// Not before this long.
    After(Duration),
}

impl ExportError {
    pub(super) const fn new(cause: ErrorCause, retry: Retry) -> Self {
        Self { cause, retry }
    }

    pub(super) const fn timeout() -> Self {
        Self::new(ErrorCause::Timeout, Retry::WithBackoff)
    }

    pub(super) const fn connection_lost() -> Self {
        Self::new(ErrorCause::ConnectionLost, Retry::WithBackoff)
    }

    pub(super) fn of_client(error: &hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() {
            return Self::new(ErrorCause::Connect(innermost(error)), Retry::WithBackoff);
        }
        let hyper = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
        match hyper.is_some_and(hyper::Error::is_parse) {
            true => Self::new(ErrorCause::NotHttp, Retry::Never),
            false => Self::connection_lost(),
        }
    }

    pub(in crate::otlp) fn error_type(&self) -> ErrorType {
        match &self.cause {
            ErrorCause::Timeout | ErrorCause::GrpcStatus(4) => ErrorType::Timeout,
            ErrorCause::HttpStatus(status) => match status.as_u16() {
                401 | 403 | 407 => ErrorType::Authentication,
                408 | 504 => ErrorType::Timeout,
                429 => ErrorType::RateLimited,
                300..500 => ErrorType::InvalidRequest,
                _ => ErrorType::Upstream,
            },
            ErrorCause::GrpcStatus(7 | 16) => ErrorType::Authentication,
            ErrorCause::GrpcStatus(8) => ErrorType::RateLimited,
            ErrorCause::GrpcStatus(3 | 5 | 6 | 9 | 12) => ErrorType::InvalidRequest,
            ErrorCause::Connect(_)
            | ErrorCause::ConnectionLost
            | ErrorCause::NotHttp
            | ErrorCause::GrpcStatus(_)
            | ErrorCause::NotGrpc
            | ErrorCause::HtmlPage
            | ErrorCause::ResponseTooLarge => ErrorType::Upstream,
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            ErrorCause::Connect(why) => write!(f, "no connection: {why}"),
            ErrorCause::ConnectionLost => f.write_str("the connection broke off"),
            ErrorCause::NotHttp => f.write_str("what answers there does not speak HTTP"),
            ErrorCause::Timeout => f.write_str("no answer in time"),
            ErrorCause::HttpStatus(status) => write!(f, "it answered {status}"),
            ErrorCause::GrpcStatus(code) => write!(f, "it answered with the gRPC status {code} ({})", grpc_name(*code)),
            ErrorCause::NotGrpc => f.write_str("what answers there does not speak gRPC"),
            ErrorCause::HtmlPage => f.write_str("it answered with a web page"),
            ErrorCause::ResponseTooLarge => f.write_str("its answer had no end"),
        }
    }
}

const fn grpc_name(code: u16) -> &'static str {
    const NAMES: [&str; 17] = [
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
    if (code as usize) < NAMES.len() { NAMES[code as usize] } else { "no known name" }
}

/// What the system said, without the wrappers around it.
fn innermost(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
