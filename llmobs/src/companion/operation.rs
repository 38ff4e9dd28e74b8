//! The view of an operation that is passed to a [`Companion`](super::Companion), such as the GPU sampler.

use std::fmt;
use std::sync::Arc;

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::TraceContextExt;

use crate::catalog::Role;
use crate::measurement::Label;
use crate::measurement::TraceLink;
use crate::metric::AttributeValue;
use crate::metric::BoundSeries;
use crate::metric::Handle;
use crate::metric::PerOperation;
use crate::metric::ProcessScoped;

/// The properties of an operation that a companion can read.
pub(crate) trait OperationInfo: Send + Sync {
    fn role(&self) -> Role;
    /// Returns the operation name, provider and model, as in the labels.
    fn identity(&self) -> [&str; 3];
    /// Returns the labels of the operation's series.
    fn labels(&self) -> &[Label];
    fn trace_link(&self) -> Option<TraceLink>;
    fn has_ended(&self) -> bool;
    fn has_preparation(&self) -> bool;
    fn input_tokens(&self) -> Option<u64>;
    fn output_tokens(&self) -> u64;
}

/// An operation as passed to a companion. Drop it soon after the operation ends: while it exists, the metric series of a
/// model that was retired with `Observer::retire_model` are kept.
#[derive(Clone)]
pub struct OperationRef {
    info: Arc<dyn OperationInfo>,
    /// The OpenTelemetry context of the operation's span, if there is one.
    context: Option<Context>,
}

impl OperationRef {
    pub(crate) fn new(info: Arc<dyn OperationInfo>, context: Option<Context>) -> Self {
        Self { info, context }
    }

    /// Returns the id of the operation in later calls to the companion. It is unique only while the operation exists.
    #[must_use]
    pub fn id(&self) -> u64 {
        operation_id(Arc::as_ptr(&self.info))
    }

    /// Returns the role of the process: server, gateway or client.
    #[must_use]
    pub fn role(&self) -> Role {
        self.info.role()
    }

    /// Returns `gen_ai.operation.name`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.info.identity()[0]
    }

    /// Returns `gen_ai.provider.name`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.info.identity()[1]
    }

    /// Returns `gen_ai.request.model`, as in the metric labels: `_OTHER` for a model without a label value of
    /// its own.
    #[must_use]
    pub fn model(&self) -> &str {
        self.info.identity()[2]
    }

    /// Returns whether the operation has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.info.has_ended()
    }

    /// Returns whether the application works on the operation before the engine receives it, for example on its prompt. If
    /// so, the engine works on it only from [`Scheduled`](super::Mark::Scheduled) on.
    #[must_use]
    pub fn has_preparation(&self) -> bool {
        self.info.has_preparation()
    }

    /// Returns the number of input tokens, if reported.
    #[must_use]
    pub fn input_tokens(&self) -> Option<u64> {
        self.info.input_tokens()
    }

    /// Returns the number of output tokens so far: the reported number, or else the tokens that the stream has carried.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.info.output_tokens()
    }

    /// Returns the id of the operation's trace as 32 hexadecimal digits. `None` without a span and without a sampled trace.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.trace_ids().map(|ids| ids.trace_id_hex().to_string())
    }

    /// Returns the id of the operation's span as 16 hexadecimal digits; without a span, the id of the span in whose sampled
    /// trace the operation ran.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.trace_ids().map(|ids| ids.span_id_hex().to_string())
    }

    /// Adds an event to the span of the operation, if there is a span that has not ended.
    pub fn add_event(&self, name: &'static str, attributes: &[(&'static str, &str)]) {
        if let Some(context) = &self.context {
            let attributes = attributes.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned()));
            context.span().add_event(name, attributes.collect());
        }
    }

    /// Runs code with the span of the operation as OpenTelemetry's current span, also after the operation has ended and on
    /// any thread. Without a span or a sampled trace the current context stays as it is.
    /// A log record that the code writes belongs to the trace of the operation.
    pub fn in_span_context<T>(&self, code: impl FnOnce() -> T) -> T {
        // Only sampled operations have a link.
        let from_link = || self.info.trace_link().map(TraceLink::to_context);
        let _guard = self.context.clone().or_else(from_link).map(Context::attach);
        code()
    }

    /// Returns the series of a registered metric with the labels of this operation and these attributes, also after the
    /// end of the operation.
    pub fn bind<K: ProcessScoped, const N: usize>(
        &self,
        handle: &Handle<PerOperation<K>, N>,
        attributes: [AttributeValue; N],
    ) -> BoundSeries<K> {
        handle.bind_to_labels(self.info.labels(), attributes, self.info.trace_link())
    }

    fn trace_ids(&self) -> Option<TraceLink> {
        let span_ids = self.context.as_ref().map(|context| context.span().span_context().into());
        span_ids.or_else(|| self.info.trace_link())
    }
}

impl fmt::Debug for OperationRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationRef").field("id", &self.id()).field("model", &self.model()).finish_non_exhaustive()
    }
}

/// Returns the address of an operation as its id. The id is unique while the operation is alive.
pub(crate) fn operation_id<T: ?Sized>(operation: *const T) -> u64 {
    operation.addr() as u64
}
