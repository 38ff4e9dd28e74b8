//! Log events. Those that may contain content are emitted through the OpenTelemetry Logs API if the observer has a
//! logger. All others are `tracing` events: a layer prints them, or a bridge passes them to OpenTelemetry. The Logs API
//! and the bridge add the ids of the current trace.

mod content_value;
#[cfg(feature = "cost")]
mod cost_fields;
#[cfg(not(feature = "cost"))]
#[path = "event/cost_fields_disabled.rs"]
mod cost_fields;
mod details;
mod evaluation;
mod exception;
pub(crate) mod fields;
mod request_complete;

#[cfg(feature = "content")]
pub(crate) use self::content_value::ContentValue;
pub(crate) use self::cost_fields::CostFields;
pub(crate) use self::details::ContentFields;
pub(crate) use self::details::OperationDetailsEvent;
pub(crate) use self::details::RequestDetails;
pub use self::evaluation::Evaluation;
pub(crate) use self::exception::ExceptionEvent;
pub(crate) use self::request_complete::KeepReason;
pub(crate) use self::request_complete::RequestCompleteEvent;
pub(crate) use self::request_complete::seconds_since_epoch;
