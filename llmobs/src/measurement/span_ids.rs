//! The ids of a span that the layer of another version of OpenTelemetry exports.

use std::fmt;
use std::sync::Arc;

use tracing::Span;

use super::TraceLink;

/// The trace id and span id of a span in OpenTelemetry, as bytes, so that every version of its crates can provide them.
/// The function that is passed to [`ObserverBuilder::span_ids`](crate::ObserverBuilder::span_ids) returns them to
/// llmobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanIds {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    is_sampled: bool,
}

impl SpanIds {
    /// Creates the ids of a span from their bytes, most significant first, and from the sampled flag of its trace.
    #[must_use]
    pub const fn new(trace_id: [u8; 16], span_id: [u8; 8], is_sampled: bool) -> Self {
        Self { trace_id, span_id, is_sampled }
    }

    /// Returns the ids; `None` if one of them consists of zeros, which OpenTelemetry defines as invalid.
    pub(crate) fn link(self) -> Option<TraceLink> {
        let is_valid = self.trace_id != [0; 16] && self.span_id != [0; 8];
        is_valid.then_some(TraceLink { trace_id: self.trace_id, span_id: self.span_id })
    }

    /// Returns the ids; `None` if the trace is not sampled, or if one of the ids consists of zeros.
    pub(crate) fn sampled_link(self) -> Option<TraceLink> {
        self.link().filter(|_| self.is_sampled)
    }
}

/// The application's function that returns the ids of a `tracing` span.
#[derive(Clone)]
pub(crate) struct SpanIdsSource(Arc<SpanIdsFn>);

type SpanIdsFn = dyn Fn(&Span) -> Option<SpanIds> + Send + Sync;

impl SpanIdsSource {
    /// Returns a source that calls `ids` for each span.
    pub(crate) fn new(ids: impl Fn(&Span) -> Option<SpanIds> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ids))
    }

    /// Returns the ids of a span; `None` if the application knows none.
    pub(crate) fn of(&self, span: &Span) -> Option<SpanIds> {
        (self.0)(span)
    }
}

impl fmt::Debug for SpanIdsSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanIdsSource")
    }
}
