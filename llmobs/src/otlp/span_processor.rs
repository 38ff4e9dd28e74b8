//! The span processor: passes finished spans from the SDK to the queue.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::Span;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk::trace::SpanProcessor;

use super::export_thread::Flusher;
use super::queue::Queue;
use super::tail::TailSampler;

/// The span processor that is registered with the SDK.
pub(super) struct QueueSpanProcessor {
    pub(super) queue: Arc<Queue<SpanData>>,
    /// The tail sampler; `None` without tail sampling.
    pub(super) tail_sampler: Option<Arc<TailSampler>>,
    pub(super) flusher: Flusher,
}

impl fmt::Debug for QueueSpanProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueSpanProcessor").finish_non_exhaustive()
    }
}

impl SpanProcessor for QueueSpanProcessor {
    fn on_start(&self, span: &mut Span, _: &Context) {
        if let Some(tail) = &self.tail_sampler {
            use opentelemetry::trace::Span as _;
            tail.on_start(span.span_context());
        }
    }

    fn on_end(&self, span: SpanData) {
        if !span.span_context.is_sampled() {
            return;
        }
        match &self.tail_sampler {
            Some(tail) => tail.on_end(span).into_iter().for_each(|span| self.queue.push(span)),
            None => self.queue.push(span),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.flusher.flush(&self.queue)
    }

    /// Does nothing: the queue is shut down by the pipeline. Spans that reach the queue after that are counted as
    /// dropped.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
