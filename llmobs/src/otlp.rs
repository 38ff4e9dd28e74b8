//! The export pipeline: sends traces, metrics and logs over OTLP, by gRPC or HTTP, configured from the standard
//! `OTEL_*` variables.
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
//! The pipeline never blocks a request. Finished spans and log records are put into a bounded queue; if the queue is
//! full, they are dropped and counted. All requests to the collector are sent from one dedicated thread, so the
//! application may use any async runtime or none. Spans and events of that thread are not exported. A request that the
//! collector temporarily cannot accept is sent again. Dropped items are counted by reason in [`Pipeline::dropped`] and,
//! once an observer is built, in `llmobs.self.dropped`.
//!
//! The signatures of this module use types of `opentelemetry_sdk` and `tracing_subscriber`, so a major version of these
//! crates is a breaking change here. Apart from this module, only [`llmobs::otel`](crate::otel) exposes their types.

mod assemble;
mod batcher;
mod builder;
mod check;
mod encoding;
mod endpoint;
mod environment;
mod error;
mod export_thread;
mod exporter;
mod grpc_exporter;
mod http_exporter;
mod log_bridge;
mod log_exporter;
mod log_processor;
mod metric_exporter;
mod pipeline;
mod propagation;
mod queue;
mod queue_item;
mod request;
mod resource;
mod retry_sender;
mod sampler;
mod settings;
mod span_exporter;
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

/// Builds a pipeline from the environment and installs it for the whole process. Same as [`builder()`] without any
/// setter, followed by [`PipelineBuilder::init`].
///
/// # Errors
///
/// Returns the errors of [`PipelineBuilder::init`].
pub fn init() -> Result<Pipeline, InitError> {
    builder().init()
}

/// Returns a builder with the default settings of a pipeline.
pub fn builder() -> PipelineBuilder {
    PipelineBuilder::new()
}
