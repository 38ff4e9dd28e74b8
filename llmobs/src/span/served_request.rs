//! The connection from the request that a server serves to its first model call. The tower layer creates it, the first
//! operation of the request claims it.

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

/// Attributes of `OpenInference`, with a single text each. Trace viewers show them in their lists of traces, for which
/// the conventions have no attribute.
#[cfg(feature = "content")]
const INPUT_VALUE: &str = "input.value";
#[cfg(feature = "content")]
const OUTPUT_VALUE: &str = "output.value";

/// A request that a server serves, as its first model call sees it. Later calls of the request have no access to it.
#[derive(Debug)]
pub(crate) struct ServedRequest {
    /// OpenTelemetry's context of the request's span; `None` if that span is not to describe the model call.
    span: Option<Context>,
    is_claimed: AtomicBool,
    /// The ids of the model call's span; unset if the call has none.
    call_trace: OnceLock<TraceLink>,
    /// The error with which the model call ended; unset if it completed or has not ended.
    call_error: OnceLock<ErrorType>,
}

impl ServedRequest {
    /// Returns a request whose first model call is described on this span too, if there is one.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only a server serves requests"))]
    pub(crate) const fn new(span: Option<Context>) -> Self {
        Self { span, is_claimed: AtomicBool::new(false), call_trace: OnceLock::new(), call_error: OnceLock::new() }
    }

    /// Returns `true` for the first call only.
    pub(crate) fn claim(&self) -> bool {
        !self.is_claimed.swap(true, Ordering::Relaxed)
    }

    /// Sets the kind, provider and model of the call on the request's span. The tokens are not set: trace viewers add
    /// up the tokens of all spans of a trace.
    pub(crate) fn set_call(&self, start: &InferenceStart<'_>, call_span: &OwnedSpan) {
        if let Some(ids) = call_span.trace_ids() {
            let _ = self.call_trace.set(ids);
        }
        self.set_text(a::GEN_AI_OPERATION_NAME, start.operation.as_str().to_owned());
        self.set_text(a::GEN_AI_PROVIDER_NAME, start.provider.to_owned());
        if !start.model.is_empty() {
            self.set_text(a::GEN_AI_REQUEST_MODEL, start.model.to_owned());
        }
    }

    /// Stores the error with which the call ended, for the end of the request's span.
    pub(crate) fn set_call_error(&self, error: ErrorType) {
        let _ = self.call_error.set(error);
    }

    /// Sets the text of the call's input on the request's span.
    #[cfg(feature = "content")]
    pub(crate) fn set_input(&self, text: String) {
        self.set_text(INPUT_VALUE, text);
    }

    /// Sets the text of the call's answer on the request's span.
    #[cfg(feature = "content")]
    pub(crate) fn set_output(&self, text: String) {
        self.set_text(OUTPUT_VALUE, text);
    }

    /// Returns the ids of the call's span; `None` if no call with a span has started.
    #[cfg(feature = "tower")]
    pub(crate) fn call_trace(&self) -> Option<TraceLink> {
        self.call_trace.get().copied()
    }

    /// Returns the error with which the call ended, if the request's span describes the call.
    #[cfg(feature = "tower")]
    pub(crate) fn call_error(&self) -> Option<ErrorType> {
        self.call_error.get().copied().filter(|_| self.span.is_some())
    }

    fn set_text(&self, name: &'static str, text: String) {
        if let Some(context) = &self.span {
            context.span().set_attribute(KeyValue::new(name, text));
        }
    }
}
