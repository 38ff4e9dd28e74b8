//! Log events. They go to `tracing`, from where a layer prints them or a bridge carries them to OpenTelemetry, which
//! gives them the trace that is current.

mod complete;

pub(crate) use self::complete::Complete;
pub(crate) use self::complete::Keep;
