//! The values that an HTTP request of this server shares with the first operation (one model call) that starts while it
//! is served. The tower layer creates them. The operation describes itself on the request's span, and stores the ids of
//! its own span, which the layer sends in the response's trace header if the request has no span.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::TraceContextExt;

use super::inference::InferenceStart;
use super::owned::OwnedSpan;
use crate::measurement::TraceLink;
use crate::semconv::attribute as a;
use crate::semconv::value::ErrorType;

/// Names of attributes of `OpenInference` whose value is one text. Trace viewers show them in their lists of traces;
/// the conventions of OpenTelemetry have lists of messages only.
#[cfg(feature = "content")]
const INPUT_VALUE: &str = "input.value";
#[cfg(feature = "content")]
const OUTPUT_VALUE: &str = "output.value";

/// A request that this server serves, as its first operation with a span uses it. Later operations of the request have
/// no access to it. In the names of fields and methods, `call` is this operation.
#[derive(Debug)]
pub(crate) struct ServedRequest {
    /// OpenTelemetry's context of the request's span, which describes the operation too; `None` if OpenTelemetry has no
    /// span for the request, so that only the ids of the operation are needed.
    span: Option<Context>,
    /// True if an operation has claimed the request.
    is_claimed: AtomicBool,
    /// The ids of the operation's span; unset before the operation starts, and if OpenTelemetry has no span for it.
    call_trace: OnceLock<TraceLink>,
    /// The error type with which the operation failed, was rejected or was cancelled; unset if it completed or has not
    /// ended.
    call_error: OnceLock<ErrorType>,
}

impl ServedRequest {
    /// Returns a request that no operation has claimed. `span` is the context of the request's span, on which the
    /// operation is described; with `None`, only the operation's ids and error are stored.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only a server serves requests"))]
    pub(crate) const fn new(span: Option<Context>) -> Self {
        Self { span, is_claimed: AtomicBool::new(false), call_trace: OnceLock::new(), call_error: OnceLock::new() }
    }

    /// Claims the request for an operation that starts. Returns `true` for the first operation only.
    pub(crate) fn claim(&self) -> bool {
        !self.is_claimed.swap(true, Ordering::Relaxed)
    }

    /// Stores the ids of the operation's span, `call_span`, and sets the name (such as `chat`), provider and model of
    /// the operation on the request's span. An empty model is omitted. The numbers of tokens are not set, because trace
    /// viewers add up those of all spans of a trace.
    pub(crate) fn set_call(&self, start: &InferenceStart<'_>, call_span: &OwnedSpan) {
        if let Some(ids) = call_span.trace_ids() {
            let _ = self.call_trace.set(ids);
        }
        self.set_text(a::GEN_AI_OPERATION_NAME, start.operation.as_str().to_owned());
        if let Some(provider) = start.provider {
            self.set_provider(provider);
        }
        if !start.model.is_empty() {
            self.set_text(a::GEN_AI_REQUEST_MODEL, start.model.to_owned());
        }
    }

    /// Sets the provider on the request's span: at the start of the operation, or at its end if it is not known before.
    pub(crate) fn set_provider(&self, provider: &str) {
        self.set_text(a::GEN_AI_PROVIDER_NAME, provider.to_owned());
    }

    /// Stores the error type with which the operation ended. The layer reads it when it ends the request's span.
    pub(crate) fn set_call_error(&self, error: ErrorType) {
        let _ = self.call_error.set(error);
    }

    /// Sets the text of the operation's last input message on the request's span.
    #[cfg(feature = "content")]
    pub(crate) fn set_input(&self, text: String) {
        self.set_text(INPUT_VALUE, text);
    }

    /// Sets the text of the operation's answer on the request's span.
    #[cfg(feature = "content")]
    pub(crate) fn set_output(&self, text: String) {
        self.set_text(OUTPUT_VALUE, text);
    }

    /// Returns the ids of the operation's span; `None` if no operation has claimed the request, or if OpenTelemetry has
    /// no span for the operation.
    #[cfg(feature = "tower")]
    pub(crate) fn call_trace(&self) -> Option<TraceLink> {
        self.call_trace.get().copied()
    }

    /// Returns the error type with which the operation ended; `None` if it completed or has not ended, or if the
    /// request has no span that describes it.
    #[cfg(feature = "tower")]
    pub(crate) fn call_error(&self) -> Option<ErrorType> {
        self.call_error.get().copied().filter(|_| self.span.is_some())
    }

    /// Sets an attribute of the request's span, if it has one.
    fn set_text(&self, name: &'static str, text: String) {
        if let Some(context) = &self.span {
            context.span().set_attribute(KeyValue::new(name, text));
        }
    }
}
