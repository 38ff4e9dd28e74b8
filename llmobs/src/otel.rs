//! What ties llmobs to a version of OpenTelemetry. Types of its pre-1.0 crate appear in public signatures only here.

pub use opentelemetry;

pub use crate::sink::otel::MeterProviderRef;
pub use crate::sink::otel::TracerProviderRef;
