//! The settings of an observer's spans.

use std::sync::Once;

use super::OwnedSpan;
use crate::measurement::SpanIdsSource;
use crate::measurement::TraceLink;

/// Completed by the warning that no layer receives the spans.
static WARNING: Once = Once::new();

/// Prevents the warning that no layer receives the spans: the application has installed the subscriber of the pipeline,
/// which exports spans unless they are disabled.
#[cfg(feature = "otlp")]
pub(crate) fn prevent_layer_warning() {
    WARNING.call_once(|| ());
}

/// The settings of spans: if an observer starts none, and the source of the ids of spans that a layer of another version of
/// OpenTelemetry exports.
#[derive(Debug, Clone, Default)]
pub(crate) struct SpanSettings {
    /// Set if no spans are started.
    pub(crate) is_disabled: bool,
    /// `None` if the application set no source.
    pub(crate) ids: Option<SpanIdsSource>,
}

impl SpanSettings {
    /// Returns the ids of the current span of the application, for an operation without a span of its own. Returns `None`
    /// without a source of ids, and in a trace that is not sampled.
    pub(crate) fn current_foreign_link(&self) -> Option<TraceLink> {
        self.ids.as_ref()?.of(&tracing::Span::current())?.sampled_link()
    }

    /// Sets the ids of a span that no layer of this crate's version of OpenTelemetry has received. Without a source of
    /// ids, warns once in the life of the process.
    pub(crate) fn set_foreign_ids(&self, span: &mut OwnedSpan) {
        if span.context().is_some() {
            return;
        }
        match &self.ids {
            Some(source) => span.set_foreign_ids(source.of(span.tracing_span())),
            None => WARNING.call_once(|| {
                tracing::warn!(
                    target: super::TARGET,
                    "no layer of OpenTelemetry 0.33 receives the spans of llmobs. If a layer of another version exports \
                     them, they have no lists, links, stages and content, log events and exemplars have no trace ids \
                     (`ObserverBuilder::span_ids` restores these), and the caller's trace is not continued \
                     (`ServerLayer::on_span` restores it). If spans are not exported, `ObserverBuilder::without_spans` \
                     saves their cost. See `llmobs::guide::versions`"
                );
            }),
        }
    }
}
