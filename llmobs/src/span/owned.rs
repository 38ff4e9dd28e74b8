//! A span that something owns, from its start to its end.

use std::time::SystemTime;

use opentelemetry::Array;
use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::StringValue;
use opentelemetry::Value;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::SpanId;
use opentelemetry::trace::Status;
use opentelemetry::trace::TraceContextExt;
use tracing::subscriber::NoSubscriber;

use crate::measurement::TraceLink;
use crate::semconv::value::ErrorType;

/// A span and OpenTelemetry's view of it.
#[derive(Debug)]
pub(crate) struct OwnedSpan {
    span: tracing::Span,
    /// None where no layer made a span of OpenTelemetry's of it.
    context: Option<Context>,
    /// Whether anybody keeps what is recorded: not in a trace that was not sampled.
    records: bool,
}

impl OwnedSpan {
    /// Holds a span that was just made; none where nobody listens. OpenTelemetry's span starts here, so what matters
    /// to a sampler must have been given before.
    pub(crate) fn new(span: tracing::Span) -> Option<Box<Self>> {
        // Where another thread has a subscriber and this one has none, a span is enabled and nobody hears it.
        let heard = span.with_subscriber(|(_, dispatch)| !dispatch.is::<NoSubscriber>());
        if heard != Some(true) {
            return None;
        }
        let outer = Context::map_current(span_id);
        let context = span.in_scope(Context::current);
        let own = span_id(&context);
        let context = (own != SpanId::INVALID && own != outer).then_some(context);
        let records = context.as_ref().is_none_or(|context| context.span().is_recording());
        Some(Box::new(Self { span, context, records }))
    }

    pub(crate) const fn span(&self) -> &tracing::Span {
        &self.span
    }

    pub(crate) const fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    pub(crate) const fn is_recording(&self) -> bool {
        self.records
    }

    /// Whether somebody keeps attributes that are no fields of it.
    #[cfg(feature = "content")]
    pub(crate) fn has_attributes(&self) -> bool {
        self.records && self.context.is_some()
    }

    /// Runs code in its trace, though not under the span of `tracing`.
    pub(crate) fn in_trace<T>(&self, code: impl FnOnce() -> T) -> T {
        let _attached = self.context.clone().map(Context::attach);
        code()
    }

    /// The trace that it is in, sampled or not.
    pub(crate) fn ids(&self) -> Option<TraceLink> {
        self.context.as_ref().map(|context| link(context.span().span_context()))
    }

    /// What an exemplar points to.
    pub(crate) fn exemplar(&self) -> Option<TraceLink> {
        let context = self.context.as_ref()?;
        let span = context.span();
        span.span_context().is_sampled().then(|| link(span.span_context()))
    }

    /// Sets a list, which `tracing` has no type for.
    pub(crate) fn set_list<'a>(&self, name: &'static str, values: impl IntoIterator<Item = &'a str>) {
        if let Some(context) = &self.context {
            let values = values.into_iter().map(|value| StringValue::from(value.to_owned())).collect();
            context.span().set_attribute(KeyValue::new(name, Value::Array(Array::String(values))));
        }
    }

    /// Sets a text that only few spans have, so that no span has a field for it.
    #[cfg(feature = "content")]
    pub(crate) fn set_text(&self, name: &'static str, text: String) {
        if let Some(context) = &self.context {
            context.span().set_attribute(KeyValue::new(name, text));
        }
    }

    /// It failed: the status says so in words of low cardinality.
    pub(crate) fn fail(&self, error: ErrorType) {
        if let Some(context) = &self.context {
            context.span().set_status(Status::Error { description: error.description().into() });
        }
    }

    /// Says which earlier span it follows, such as the try before.
    pub(crate) fn follows(&self, earlier: SpanContext) {
        if let Some(context) = &self.context {
            context.span().add_link(earlier, Vec::new());
        }
    }

    /// Ends it at this moment. A layer ends a span at its last exit, or when its last handle is dropped: both may lie
    /// anywhere, and come too late to change this.
    pub(crate) fn end(&self, at: SystemTime) {
        if let Some(context) = &self.context {
            context.span().end_with_timestamp(at);
        }
    }
}

/// Whether code that runs here is in a trace that was not sampled: then nothing need be said about a span.
pub(crate) fn is_in_unsampled_trace() -> bool {
    Context::map_current(|context| {
        let span = context.span();
        let parent = span.span_context();
        parent.is_valid() && !parent.is_sampled()
    })
}

fn span_id(context: &Context) -> SpanId {
    context.span().span_context().span_id()
}

fn link(span: &SpanContext) -> TraceLink {
    TraceLink { trace_id: span.trace_id().to_bytes(), span_id: span.span_id().to_bytes() }
}
