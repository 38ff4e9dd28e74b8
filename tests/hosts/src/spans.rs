//! Spans as the exporter of a host receives them, in one form for all versions of OpenTelemetry.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

/// An exported span.
#[derive(Debug, Clone)]
pub struct Span {
    pub name: String,
    pub trace_id: String,
    pub span_id: String,
    pub parent_id: String,
    pub duration: Duration,
    /// The description of the status Error; `None` for another status.
    pub error: Option<String>,
    pub attributes: BTreeMap<String, String>,
}

/// The spans that a host has exported.
#[derive(Debug, Clone, Default)]
pub struct Spans(Arc<Mutex<Vec<Span>>>);

impl Spans {
    pub fn push(&self, span: Span) {
        self.0.lock().unwrap().push(span);
    }

    /// Returns the spans of this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Vec<Span> {
        let spans = self.0.lock().unwrap();
        spans.iter().filter(|span| span.name == name).cloned().collect()
    }

    /// Returns the only span with this id.
    #[must_use]
    pub fn with_id(&self, id: &str) -> Span {
        let spans = self.0.lock().unwrap();
        let found: Vec<_> = spans.iter().filter(|span| span.span_id == id).collect();
        assert_eq!(found.len(), 1, "{id} in {spans:#?}");
        found[0].clone()
    }

    /// Returns the only span of a model call with this outcome.
    #[must_use]
    pub fn call(&self, outcome: &str) -> Span {
        let spans = self.0.lock().unwrap();
        let has_outcome =
            |span: &&Span| span.attributes.get("llmobs.operation.outcome").is_some_and(|is| is == outcome);
        let found: Vec<_> = spans.iter().filter(has_outcome).collect();
        assert_eq!(found.len(), 1, "{outcome} in {spans:#?}");
        found[0].clone()
    }
}

/// Defines `Exporter`, the span exporter of a host with this version of OpenTelemetry.
#[macro_export]
macro_rules! span_exporter {
    ($opentelemetry:ident, $sdk:ident) => {
        /// Passes each span to the test.
        #[derive(Debug)]
        struct Exporter($crate::spans::Spans);

        impl $sdk::trace::SpanExporter for Exporter {
            async fn export(&self, batch: Vec<$sdk::trace::SpanData>) -> $sdk::error::OTelSdkResult {
                for span in batch {
                    self.0.push($crate::spans::Span {
                        name: span.name.to_string(),
                        trace_id: span.span_context.trace_id().to_string(),
                        span_id: span.span_context.span_id().to_string(),
                        parent_id: span.parent_span_id.to_string(),
                        duration: span.end_time.duration_since(span.start_time).expect("a span ends after its start"),
                        error: match span.status {
                            $opentelemetry::trace::Status::Error { description } => Some(description.to_string()),
                            _ => None,
                        },
                        attributes: span
                            .attributes
                            .iter()
                            .map(|pair| (pair.key.to_string(), pair.value.as_str().into_owned()))
                            .collect(),
                    });
                }
                Ok(())
            }
        }
    };
}
