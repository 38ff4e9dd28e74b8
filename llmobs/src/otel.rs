//! Items that depend on a version of OpenTelemetry. Types of the pre-1.0 crates `opentelemetry` and `opentelemetry_sdk`
//! appear in public signatures only in this module and in `otlp`.

pub use opentelemetry;

pub use crate::measurement::SpanIds;
pub use crate::sink::otel::LoggerProviderRef;
pub use crate::sink::otel::MeterProviderRef;
pub use crate::sink::otel::TracerProviderRef;
