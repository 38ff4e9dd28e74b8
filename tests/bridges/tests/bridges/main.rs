//! Each version of `tracing-opentelemetry`, with an exporter that belongs to it: llmobs needs the host's version of
//! OpenTelemetry neither to be its own nor to be known.

mod host;
mod versions;
