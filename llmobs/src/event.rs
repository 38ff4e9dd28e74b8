//! Log events. They go to `tracing`, from where a layer prints them or a bridge carries them to OpenTelemetry; whatever
//! span is current gives them its trace.

mod complete;

pub(crate) use self::complete::Complete;
pub(crate) use self::complete::Keep;
