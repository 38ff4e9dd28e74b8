//! What can go wrong with a request, in the words of the metrics, and whether to try again.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::semconv::value::ErrorType;

/// A request that failed. What the collector wrote is not part of it: it may quote what it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) struct Fault {
    pub(in crate::otlp) cause: Cause,
    pub(in crate::otlp) retry: Retry,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::otlp) enum Cause {
    /// No connection: nobody listens, no such host, no trust.
    Connect(String),
    /// The connection broke off.
    Broken,
    /// What came was not HTTP.
    NotHttp,
    /// No answer in time.
    Timeout,
    /// An answer of HTTP that is no success.
    Status(StatusCode),
    /// An answer of gRPC that is no success.
    Grpc(u16),
    /// An answer without a status of gRPC.
    NotGrpc,
    /// A page for people.
    Page,
    /// An answer without an end.
    TooLong,
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::otlp) enum Retry {
    Never,
    Later,
    /// Not before this long.
    After(Duration),
}

impl Fault {
    pub(super) const fn new(cause: Cause, retry: Retry) -> Self {
        Self { cause, retry }
    }

    pub(super) const fn timeout() -> Self {
        Self::new(Cause::Timeout, Retry::Later)
    }

    pub(super) const fn broken() -> Self {
        Self::new(Cause::Broken, Retry::Later)
    }

    pub(super) fn of_client(error: &hyper_util::client::legacy::Error) -> Self {
        if error.is_connect() {
            return Self::new(Cause::Connect(innermost(error)), Retry::Later);
        }
        let hyper = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
        match hyper.is_some_and(hyper::Error::is_parse) {
            true => Self::new(Cause::NotHttp, Retry::Never),
            false => Self::broken(),
        }
    }

    pub(in crate::otlp) fn error_type(&self) -> ErrorType {
        match &self.cause {
            Cause::Timeout | Cause::Grpc(4) => ErrorType::Timeout,
            Cause::Status(status) => match status.as_u16() {
                401 | 403 | 407 => ErrorType::Authentication,
                408 | 504 => ErrorType::Timeout,
                429 => ErrorType::RateLimited,
                300..500 => ErrorType::InvalidRequest,
                _ => ErrorType::Upstream,
            },
            Cause::Grpc(7 | 16) => ErrorType::Authentication,
            Cause::Grpc(8) => ErrorType::RateLimited,
            Cause::Grpc(3 | 5 | 6 | 9 | 12) => ErrorType::InvalidRequest,
            Cause::Connect(_)
            | Cause::Broken
            | Cause::NotHttp
            | Cause::Grpc(_)
            | Cause::NotGrpc
            | Cause::Page
            | Cause::TooLong => ErrorType::Upstream,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Connect(why) => write!(f, "no connection: {why}"),
            Cause::Broken => f.write_str("the connection broke off"),
            Cause::NotHttp => f.write_str("what answers there does not speak HTTP"),
            Cause::Timeout => f.write_str("no answer in time"),
            Cause::Status(status) => write!(f, "it answered {status}"),
            Cause::Grpc(code) => write!(f, "it answered with the gRPC status {code} ({})", grpc_name(*code)),
            Cause::NotGrpc => f.write_str("what answers there does not speak gRPC"),
            Cause::Page => f.write_str("it answered with a web page"),
            Cause::TooLong => f.write_str("its answer had no end"),
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
