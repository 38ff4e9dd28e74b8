//! Log events. They go to `tracing`, from where a layer prints them or a bridge carries them to OpenTelemetry, which
//! gives them the trace that is current.

mod complete;
mod details;
mod evaluation;
mod exception;
mod json;

pub(crate) use self::complete::Complete;
pub(crate) use self::complete::Keep;
#[cfg(feature = "content")]
pub(crate) use self::complete::hex;
pub(crate) use self::details::Asked;
pub(crate) use self::details::Details;
pub(crate) use self::details::Said;
pub use self::evaluation::Evaluation;
pub(crate) use self::exception::exception;
