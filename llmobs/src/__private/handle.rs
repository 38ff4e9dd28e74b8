//! The operation, lent to the body of its function.

use std::future::Future;

use tracing::Instrument;
use tracing::Span;
use tracing::instrument::Instrumented;

use crate::observer::Marker;
use crate::observer::Observer;
use crate::observer::Operation;
use crate::observer::Step;

/// The operation of the function that it stands in, under the name that `handle = name` gave it.
///
/// ```
/// use llmobs::{FinishReason, Observer, llm_span};
///
/// #[llm_span(chat, observer = observer, model = "m", handle = call)]
/// fn chat(observer: &Observer) -> &'static str {
///     call.marker().finish_reason(FinishReason::Stop);
///     "hello"
/// }
/// # assert_eq!(chat(&Observer::disabled()), "hello");
/// ```
#[derive(Debug)]
pub struct OperationHandle<'a> {
    operation: &'a mut Option<Operation>,
}

impl<'a> OperationHandle<'a> {
    #[doc(hidden)]
    #[inline]
    pub const fn new(operation: &'a mut Option<Operation>) -> Self {
        Self { operation }
    }

    /// Marks what happens to the operation, also from other threads and after the function.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.operation
            .as_ref()
            .map_or_else(|| disabled_operation().marker().clone(), |operation| operation.marker().clone())
    }

    /// Takes the operation: from now on whoever has it ends it, and the attribute ends nothing. Until then the function
    /// may fail with `?`, and the attribute says so.
    pub fn take(self) -> Operation {
        self.operation.take().unwrap_or_else(disabled_operation)
    }
}

/// What the body left: a taken operation is somebody else's.
#[doc(hidden)]
#[inline]
pub fn rest(operation: Option<Operation>) -> Operation {
    operation.unwrap_or_else(disabled_operation)
}

/// An operation that nobody watches.
pub(super) fn disabled_operation() -> Operation {
    Observer::disabled().chat("").start()
}

/// A step that nobody watches.
pub(super) fn disabled_step() -> Step {
    Observer::disabled().execute_tool("").start()
}

/// Runs code under a span.
#[inline]
pub fn in_scope<T>(span: &Span, code: impl FnOnce() -> T) -> T {
    span.in_scope(code)
}

/// Runs a future under a span.
#[inline]
pub fn run<F: Future>(span: Span, future: F) -> Instrumented<F> {
    future.instrument(span)
}

/// Stands where a type is to be inferred, and is never called.
///
/// # Panics
///
/// Always, if somebody calls it all the same.
#[must_use]
pub fn never<T>() -> T {
    unreachable!("only its type is used")
}
