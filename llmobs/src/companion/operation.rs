//! An operation as a companion sees it.

use std::fmt;
use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::SpanId;
use opentelemetry::TraceFlags;
use opentelemetry::TraceId;
use opentelemetry::trace::SpanContext;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceState;

use crate::catalog::Role;
use crate::measurement::TraceLink;

/// What a companion may ask of an operation.
pub(crate) trait OperationInfo: Send + Sync {
    fn role(&self) -> Role;
    /// Operation, provider and model, as in the labels.
    fn identity(&self) -> [&str; 3];
    fn link(&self) -> Option<TraceLink>;
    fn has_ended(&self) -> bool;
    fn prepares(&self) -> bool;
    fn input_tokens(&self) -> Option<u64>;
    fn output_tokens(&self) -> u64;
    fn record_energy(&self, joules: f64);
}

/// An operation that a companion follows. It may be kept after the end, though not for long: the series of a retired
/// model wait for it.
#[derive(Clone)]
pub struct OperationRef {
    subject: Arc<dyn OperationInfo>,
    /// OpenTelemetry's view of its span, if there is one.
    context: Option<Context>,
}

impl OperationRef {
    pub(crate) fn new(subject: Arc<dyn OperationInfo>, context: Option<Context>) -> Self {
        Self { subject, context }
    }

    /// What names it in later calls.
    #[must_use]
    pub fn id(&self) -> u64 {
        id_of(Arc::as_ptr(&self.subject))
    }

    /// What the process is towards its model.
    #[must_use]
    pub fn role(&self) -> Role {
        self.subject.role()
    }

    /// `gen_ai.operation.name`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.subject.identity()[0]
    }

    /// `gen_ai.provider.name`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.subject.identity()[1]
    }

    /// `gen_ai.request.model`, bounded as in the labels.
    #[must_use]
    pub fn model(&self) -> &str {
        self.subject.identity()[2]
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.subject.has_ended()
    }

    /// Whether work precedes the engine's: then it does not run before it is [`Scheduled`](super::Mark::Scheduled).
    #[must_use]
    pub fn prepares(&self) -> bool {
        self.subject.prepares()
    }

    /// Input tokens, if they were reported.
    #[must_use]
    pub fn input_tokens(&self) -> Option<u64> {
        self.subject.input_tokens()
    }

    /// Output tokens so far: as reported, else as its stream has carried.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.subject.output_tokens()
    }

    /// The trace that it belongs to, in hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.ids().map(|ids| format!("{:032x}", u128::from_be_bytes(ids.trace_id)))
    }

    /// Its span, in hexadecimal digits.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.ids().map(|ids| format!("{:016x}", u64::from_be_bytes(ids.span_id)))
    }

    /// Adds an event to its span, if it has one that has not ended.
    pub fn add_event(&self, name: &'static str, attributes: &[(&'static str, &str)]) {
        if let Some(context) = &self.context {
            let attributes = attributes.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned()));
            context.span().add_event(name, attributes.collect());
        }
    }

    /// Runs code with its span as OpenTelemetry's current one, also after its end and on any thread: a log record that
    /// is written there belongs to its trace.
    pub fn in_trace<T>(&self, code: impl FnOnce() -> T) -> T {
        let around = || {
            let link = self.subject.link()?;
            let (trace, span) = (TraceId::from_bytes(link.trace_id), SpanId::from_bytes(link.span_id));
            // Only what is sampled has a link.
            let span = SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default());
            Some(Context::new().with_remote_span_context(span))
        };
        let _attached = self.context.clone().or_else(around).map(Context::attach);
        code()
    }

    /// Records `llmobs.operation.energy`, in joules. May be called after the end; call it once.
    pub fn record_energy(&self, joules: f64) {
        self.subject.record_energy(joules);
    }

    fn ids(&self) -> Option<TraceLink> {
        let of_span = self.context.as_ref().map(|context| {
            let span = context.span();
            let ids = span.span_context();
            TraceLink { trace_id: ids.trace_id().to_bytes(), span_id: ids.span_id().to_bytes() }
        });
        of_span.or_else(|| self.subject.link())
    }
}

impl fmt::Debug for OperationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationRef").field("id", &self.id()).field("model", &self.model()).finish_non_exhaustive()
    }
}

/// An operation's address: its own while anybody holds it.
pub(crate) fn id_of<T: ?Sized>(subject: *const T) -> u64 {
    subject.addr() as u64
}
