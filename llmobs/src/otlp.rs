//! The pipeline: traces, metrics and logs over OTLP, by gRPC or HTTP, set up from the standard `OTEL_*` variables.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! let pipeline = llmobs::otlp::init()?;
//! let observer = llmobs::Observer::builder().model("smollm2-135m").build()?;
//! // serve, then:
//! pipeline.shutdown(Duration::from_secs(5))?;
//! # let _ = observer;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! It never stands in the way of a request: what ends is put into a bounded queue, or counted where that is full. All
//! sending happens on one thread of the pipeline's own, so that it does not matter which runtime the application has,
//! or whether it has one; nothing that the thread does becomes telemetry itself. A request that the collector cannot
//! take now is tried again; what is lost is counted by reason in [`Pipeline::losses`] and, once an observer is built,
//! in `llmobs.self.dropped`.
//!
//! Names of `opentelemetry_sdk` and `tracing_subscriber` stand in this module's signatures, and in none besides
//! [`llmobs::otel`](crate::otel): an upgrade of theirs shows here.

mod assemble;
mod batcher;
mod builder;
mod check;
mod endpoint;
mod environment;
mod error;
mod export_thread;
mod exporter;
mod json_attributes;
mod log_processor;
mod metric_exporter;
mod pipeline;
mod propagation;
mod queue;
mod request_split;
mod resource;
mod sampler;
mod settings;
mod span_processor;
mod subscriber;
mod tail;
mod threshold;
mod transport;

pub use self::builder::PipelineBuilder;
pub use self::check::CheckReport;
pub use self::endpoint::Compression;
pub use self::endpoint::Protocol;
pub use self::error::InitError;
pub use self::pipeline::IncompleteShutdown;
pub use self::pipeline::Pipeline;
pub use self::sampler::Sampler;
pub use self::subscriber::StandardOutput;
pub use self::tail::TailSampling;
pub use crate::sink::export_counts::DropReason;
pub use crate::sink::export_counts::Signal;

/// Sets up a pipeline for the whole process from the environment; [`builder()`] with nothing chosen.
///
/// # Errors
///
/// As [`PipelineBuilder::init`].
pub fn init() -> Result<Pipeline, InitError> {
    builder().init()
}

/// Settings of a pipeline.
pub fn builder() -> PipelineBuilder {
    PipelineBuilder::new()
}
