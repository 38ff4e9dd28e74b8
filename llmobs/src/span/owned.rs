//! Owned spans: an owned span has an explicit start and end.

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
use tracing::field::debug;
use tracing::subscriber::NoSubscriber;

use crate::measurement::SpanIds;
use crate::measurement::TraceLink;
use crate::semconv::value::ErrorType;

/// A `tracing` span and the OpenTelemetry context of the same span.
#[derive(Debug)]
pub(crate) struct OwnedSpan {
    span: tracing::Span,
    /// `None` if no layer of this crate's version of OpenTelemetry created a span for the `tracing` span.
    context: Option<Context>,
    /// The ids of the span in another version of OpenTelemetry, if the application provides them.
    foreign_ids: Option<SpanIds>,
    /// True if recorded attributes are stored; false in a trace that is not sampled.
    is_recording: bool,
}

impl OwnedSpan {
    /// Takes ownership of a new span. Returns `None` if no subscriber of this thread receives the span. The
    /// OpenTelemetry span starts here, so attributes that a sampler reads must be set before.
    pub(crate) fn new(span: tracing::Span) -> Option<Box<Self>> {
        // If another thread has a subscriber and this thread has none, the span is enabled although no subscriber
        // receives it.
        let is_received = span.with_subscriber(|(_, dispatch)| !dispatch.is::<NoSubscriber>());
        if is_received != Some(true) {
            return None;
        }
        let outer_id = Context::map_current(span_id);
        let context = span.in_scope(Context::current);
        let own_id = span_id(&context);
        let context = (own_id != SpanId::INVALID && own_id != outer_id).then_some(context);
        let is_recording = context.as_ref().is_none_or(|context| context.span().is_recording());
        Some(Box::new(Self { span, context, foreign_ids: None, is_recording }))
    }

    pub(crate) const fn tracing_span(&self) -> &tracing::Span {
        &self.span
    }

    pub(crate) const fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Sets the ids that the span has in another version of OpenTelemetry.
    pub(super) const fn set_foreign_ids(&mut self, ids: Option<SpanIds>) {
        self.foreign_ids = ids;
    }

    pub(crate) const fn is_recording(&self) -> bool {
        self.is_recording
    }

    /// Returns whether attributes without a `tracing` field can be set.
    #[cfg(feature = "content")]
    pub(crate) fn has_recording_context(&self) -> bool {
        self.is_recording && self.context.is_some()
    }

    /// Runs `code` with the OpenTelemetry context of the span active, but without entering the `tracing` span.
    pub(crate) fn in_span_context<T>(&self, code: impl FnOnce() -> T) -> T {
        let _guard = self.context.clone().map(Context::attach);
        code()
    }

    /// Returns the trace id and span id, whether or not the trace is sampled.
    pub(crate) fn trace_ids(&self) -> Option<TraceLink> {
        match &self.context {
            Some(context) => Some(context.span().span_context().into()),
            None => self.foreign_ids?.link(),
        }
    }

    /// Returns the trace id and span id for an exemplar, if the span is sampled.
    pub(crate) fn trace_link(&self) -> Option<TraceLink> {
        match &self.context {
            Some(context) => TraceLink::of_sampled(context.span().span_context()),
            None => self.foreign_ids?.sampled_link(),
        }
    }

    /// Sets an attribute to a list of strings, a type that `tracing` does not support: without a context, the attribute
    /// is the text of the list, such as `["stop"]`, if the span declares a field of this name.
    pub(crate) fn set_string_list<'a>(&self, name: &'static str, values: impl IntoIterator<Item = &'a str>) {
        let Some(context) = &self.context else {
            let values: Vec<&str> = values.into_iter().collect();
            self.span.record(name, debug(values));
            return;
        };
        let values = values.into_iter().map(|value| StringValue::from(value.to_owned())).collect();
        context.span().set_attribute(KeyValue::new(name, Value::Array(Array::String(values))));
    }

    /// Sets a text attribute that few spans have, and for which no `tracing` field is declared.
    #[cfg(any(feature = "content", feature = "cost"))]
    pub(crate) fn set_string(&self, name: &'static str, text: String) {
        if let Some(context) = &self.context {
            context.span().set_attribute(KeyValue::new(name, text));
        }
    }

    /// Sets a number that few spans have, and for which no `tracing` field is declared.
    #[cfg(feature = "cost")]
    pub(crate) fn set_double(&self, name: &'static str, number: f64) {
        if let Some(context) = &self.context {
            context.span().set_attribute(KeyValue::new(name, number));
        }
    }

    /// Sets the span status to error, with a description of low cardinality.
    pub(crate) fn set_error_status(&self, error: ErrorType) {
        self.set_error_description(error.description());
    }

    /// Sets the span status to error, with this description; it may be empty.
    pub(crate) fn set_error_description(&self, description: &'static str) {
        if let Some(context) = &self.context {
            context.span().set_status(Status::error(description));
            return;
        }
        // Fields that `tracing-opentelemetry` reads; 0.28 to 0.31 have another name for the description.
        self.span.record("otel.status_code", "ERROR");
        if !description.is_empty() {
            self.span.record("otel.status_description", description);
            self.span.record("otel.status_message", description);
        }
    }

    /// Adds a link to an earlier span, for example that of the previous attempt.
    pub(crate) fn add_link(&self, earlier: SpanContext) {
        if let Some(context) = &self.context {
            context.span().add_link(earlier, Vec::new());
        }
    }

    /// Ends the span at this time. A layer ends a span at its last exit or when its last handle is dropped; both can
    /// happen later, and neither changes the end that is set here. Without a context, the span is exited now, which is
    /// the end in a layer of another version of OpenTelemetry.
    pub(crate) fn end_at(&self, at: SystemTime) {
        match &self.context {
            Some(context) => context.span().end_with_timestamp(at),
            None => self.span.in_scope(|| ()),
        }
    }
}

/// Returns whether the current trace is not sampled, so that no attributes need to be set on a span.
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
