//! The operation, lent to the body of its function.

use std::future::Future;

use crate::observer::Marker;
use crate::observer::Observer;
use crate::observer::Operation;
use crate::observer::OperationFuture;
use crate::observer::OperationScope;
use crate::observer::Step;

/// A handle of the function's operation, available in the body under the name from `handle = name`.
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

    /// Returns a marker, which can be used on other threads and after the function has returned.
    #[must_use]
    pub fn marker(&self) -> Marker {
        self.operation
            .as_ref()
            .map_or_else(|| disabled_operation().marker().clone(), |operation| operation.marker().clone())
    }

    /// Takes the operation out of the function. From then on the caller ends the operation, and the attribute does not.
    /// Before that, an early return with `?` fails the operation as usual.
    pub fn take(self) -> Operation {
        self.operation.take().unwrap_or_else(disabled_operation)
    }
}

/// Returns the operation after the body, or a disabled operation if the body took it.
#[doc(hidden)]
#[inline]
pub fn or_disabled(operation: Option<Operation>) -> Operation {
    operation.unwrap_or_else(disabled_operation)
}

/// Returns a disabled operation.
pub(super) fn disabled_operation() -> Operation {
    Observer::disabled().chat("").start()
}

/// Returns a disabled step.
pub(super) fn disabled_step() -> Step {
    Observer::disabled().execute_tool("").start()
}

/// Returns the scope of an operation, which remains usable after the body took the operation.
#[inline]
#[must_use]
pub fn scope(operation: &Operation) -> OperationScope {
    operation.scope()
}

/// Runs code in the scope of an operation.
#[inline]
pub fn in_scope<T>(scope: OperationScope, code: impl FnOnce() -> T) -> T {
    scope.in_scope(code)
}

/// Runs a future in the scope of an operation.
#[inline]
pub fn run<F: Future>(scope: OperationScope, future: F) -> OperationFuture<F> {
    scope.run(future)
}

/// Provides a type for inference. Never called.
///
/// # Panics
///
/// Always, if called.
#[must_use]
pub fn infer_type<T>() -> T {
    unreachable!("the function is never called, only its return type is used")
}
