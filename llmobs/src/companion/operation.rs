//! The view of an operation, one model call, that is passed to a [`Companion`](super::Companion), such as the GPU
//! sampler. The shared state of an operation implements `OperationInfo`.

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
    /// Returns the role of the process: server, gateway or client.
    fn role(&self) -> Role;
    /// Returns the operation name, provider and model, as in the labels of the metrics.
    fn identity(&self) -> [&str; 3];
    /// Returns the labels of the operation's series: operation name, provider, model, and labels of the application.
    fn labels(&self) -> &[Label];
    /// Returns the ids of the span of the operation, or of the span in which it started; `None` if that is not sampled.
    fn trace_link(&self) -> Option<TraceLink>;
    /// Returns whether the operation has ended.
    fn has_ended(&self) -> bool;
    /// Returns whether the application works on the operation before the engine's queue.
    fn has_preparation(&self) -> bool;
    /// Returns the reported number of input tokens; `None` before a report.
    fn input_tokens(&self) -> Option<u64>;
    /// Returns the reported number of output tokens, else the number that the stream has carried so far.
    fn output_tokens(&self) -> u64;
}

/// A handle of an operation, one model call, as passed to a companion. Drop it soon after the operation ends: while it
/// exists, the metric series of a model that was retired with `Observer::retire_model` are kept.
#[derive(Clone)]
pub struct OperationRef {
    info: Arc<dyn OperationInfo>,
    /// The OpenTelemetry context of the operation's span, if there is one.
    context: Option<Context>,
}

impl OperationRef {
    /// Returns the handle of an operation; `context` is the OpenTelemetry context of its span, or `None` without a
    /// span.
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

    /// Returns the name of the operation, such as `chat`: the value of `gen_ai.operation.name`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.info.identity()[0]
    }

    /// Returns the name of the provider, such as `openai`: the value of `gen_ai.provider.name`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.info.identity()[1]
    }

    /// Returns the name of the model as in the metric labels, `gen_ai.request.model`: `_OTHER` for a model without a
    /// label value of its own.
    #[must_use]
    pub fn model(&self) -> &str {
        self.info.identity()[2]
    }

    /// Returns whether the operation has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.info.has_ended()
    }

    /// Returns whether the application works on the operation before the engine receives it, for example on its prompt.
    /// If so, the engine works on it only from [`Scheduled`](super::Mark::Scheduled) on.
    #[must_use]
    pub fn has_preparation(&self) -> bool {
        self.info.has_preparation()
    }

    /// Returns the number of input tokens that the engine or provider has reported; `None` before a report.
    #[must_use]
    pub fn input_tokens(&self) -> Option<u64> {
        self.info.input_tokens()
    }

    /// Returns the number of output tokens so far: the reported number, or else the tokens that the stream has carried.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        self.info.output_tokens()
    }

    /// Returns the id of the operation's trace as 32 hexadecimal digits; without a span of the operation, the id of the
    /// sampled trace in which it started. Returns `None` if there is neither.
    #[must_use]
    pub fn trace_id(&self) -> Option<String> {
        self.trace_ids().map(|ids| ids.trace_id_hex().to_string())
    }

    /// Returns the id of the operation's span as 16 hexadecimal digits; without a span of the operation, the id of the
    /// span in whose sampled trace it started. Returns `None` if there is neither.
    #[must_use]
    pub fn span_id(&self) -> Option<String> {
        self.trace_ids().map(|ids| ids.span_id_hex().to_string())
    }

    /// Adds an event to the span of the operation. Does nothing if there is no span or if it has ended.
    pub fn add_event(&self, name: &'static str, attributes: &[(&'static str, &str)]) {
        if let Some(context) = &self.context {
            let attributes = attributes.iter().map(|(name, value)| KeyValue::new(*name, (*value).to_owned()));
            context.span().add_event(name, attributes.collect());
        }
    }

    /// Runs code with the span of the operation as OpenTelemetry's current span, also after the operation has ended and
    /// on any thread, and returns its result. A log record that the code writes belongs to the trace of the operation.
    /// Without a span and a sampled trace, the current context stays as it is.
    pub fn in_span_context<T>(&self, code: impl FnOnce() -> T) -> T {
        // Only sampled operations have a link.
        let from_link = || self.info.trace_link().map(TraceLink::to_context);
        let _guard = self.context.clone().or_else(from_link).map(Context::attach);
        code()
    }

    /// Returns the series of a registered metric with the labels of this operation and these attributes. Values are
    /// recorded through the series, also after the end of the operation.
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

/// Returns the id of an operation for companions: its address. The id is unique only while the operation is alive.
pub(crate) fn operation_id<T: ?Sized>(operation: *const T) -> u64 {
    operation.addr() as u64
}
