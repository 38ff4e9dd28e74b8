//! Captured content of answers: the messages on the span, read from a tracing back end in memory.

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Operation;
use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::sse::Dialect;
use llmobs::sse::observe;
use serde_json::Value;

use llmobs_tests::schemas::SchemaSet;
use llmobs_tests::tracing_backend::TracingBackend;

pub struct CapturingBackend(TracingBackend);

impl CapturingBackend {
    pub fn new() -> Self {
        Self(TracingBackend::new())
    }

    pub fn builder(&self) -> ObserverBuilder<'_> {
        Observer::builder().role(Role::Gateway).model("m").tracer_provider(&self.0.provider)
    }

    /// Returns an observer that captures content on spans.
    pub fn observer(&self) -> Observer {
        self.builder().capture(ContentCapture::Spans).build().unwrap()
    }

    /// Returns an attribute of the one operation that ended since the last call.
    pub fn attribute(&self, name: &str) -> Option<Value> {
        let spans = self.0.take_spans();
        let mut found = spans.iter().flat_map(|span| &span.attributes).filter(|pair| pair.key.as_str() == name);
        let json = found.next().map(|pair| serde_json::from_str(&pair.value.as_str()).unwrap());
        assert!(found.next().is_none() && !spans.is_empty());
        json
    }

    /// Returns the output messages of that operation.
    pub fn output(&self) -> Option<Value> {
        self.attribute("gen_ai.output.messages")
    }

    /// Observes an answer in these chunks, and returns the messages on its span.
    pub fn capture_stream<'a>(
        &self,
        operation: Operation,
        dialect: Dialect,
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> Option<Value> {
        let chunks = chunks.into_iter().collect::<Vec<_>>();
        let observed = observe(operation, dialect, stream::iter(chunks));
        observed.count().now_or_never().expect("the stream never pends");
        self.output()
    }
}

/// Validates a value against the schemas of both profiles.
pub fn assert_valid(name: &str, value: &Value) {
    thread_local! {
        static SCHEMA_SETS: [SchemaSet; 2] = ["v1_41", "latest"].map(SchemaSet::open);
    }
    SCHEMA_SETS.with(|schema_sets| {
        for schema_set in schema_sets {
            match name {
                "gen-ai-input-messages" | "gen-ai-output-messages" => schema_set.check_messages(name, value).unwrap(),
                _ => schema_set.check(name, value).unwrap(),
            }
        }
    });
}
