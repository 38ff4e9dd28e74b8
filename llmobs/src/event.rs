//! Log events, emitted with `tracing`. A layer prints them, or a bridge passes them to OpenTelemetry, which adds the
//! current trace.

mod details;
mod evaluation;
mod exception;
mod json;
mod request_complete;

pub(crate) use self::details::ContentFields;
pub(crate) use self::details::OperationDetailsEvent;
pub(crate) use self::details::RequestDetails;
pub use self::evaluation::Evaluation;
pub(crate) use self::exception::emit_exception;
pub(crate) use self::json::write_json;
pub(crate) use self::request_complete::KeepReason;
pub(crate) use self::request_complete::RequestCompleteEvent;
