//! The outcome of a call, derived from the returned value.

use super::handle::disabled_operation;
use super::handle::disabled_step;
use super::return_kind::CallResult;
use super::return_kind::Inspect;
use crate::error::Failure;
use crate::observer::Operation;
use crate::observer::Step;
use crate::semconv::value::ErrorType;
use crate::usage::Usage;

/// An operation or a step.
pub trait OperationOrStep: Sized {
    fn report_usage(&self, usage: Usage);
    fn complete_call(self);
    fn fail_call(self, failure: Failure);
    /// Returns a disabled operation or step.
    #[must_use]
    fn disabled() -> Self;
}

impl OperationOrStep for Operation {
    fn report_usage(&self, usage: Usage) {
        self.marker().usage(usage);
    }

    #[inline]
    fn complete_call(self) {
        self.complete();
    }

    #[cold]
    fn fail_call(self, failure: Failure) {
        self.end_with_error(failure);
    }

    fn disabled() -> Self {
        disabled_operation()
    }
}

impl OperationOrStep for Step {
    fn report_usage(&self, usage: Usage) {
        self.usage(usage);
    }

    #[inline]
    fn complete_call(self) {
        self.complete();
    }

    #[cold]
    fn fail_call(self, failure: Failure) {
        self.fail(failure);
    }

    fn disabled() -> Self {
        disabled_step()
    }
}

/// A type that the function of the argument `error_type` may return.
#[diagnostic::on_unimplemented(
    message = "`error_type` returns `{Self}`",
    label = "expected an `llmobs::ErrorType` or an `llmobs::Failure`"
)]
pub trait IntoFailure {
    /// Returns the failure, or `None` if no error type is known.
    fn into_failure(self) -> Option<Failure>;
}

impl IntoFailure for ErrorType {
    fn into_failure(self) -> Option<Failure> {
        Some(self.into())
    }
}

impl IntoFailure for Failure {
    fn into_failure(self) -> Option<Failure> {
        Some(self)
    }
}

/// The result of the function that replaces a missing `error_type`.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoErrorType;

impl IntoFailure for NoErrorType {
    fn into_failure(self) -> Option<Failure> {
        None
    }
}

#[inline]
pub const fn no_error_type<E>(_error: &E) -> NoErrorType {
    NoErrorType
}

#[inline]
pub fn into_failure<F: IntoFailure>(value: F) -> Option<Failure> {
    value.into_failure()
}

impl IntoFailure for Option<Failure> {
    fn into_failure(self) -> Option<Failure> {
        self
    }
}

/// A type that the function of the argument `usage` may return.
#[diagnostic::on_unimplemented(
    message = "`usage` returns `{Self}`",
    label = "expected an `llmobs::Usage` or an `Option` of it"
)]
pub trait IntoUsage {
    /// False for [`NoUsage`], with which no usage is ever reported.
    const HAS_USAGE: bool = true;

    fn into_usage(self) -> Option<Usage>;
}

impl IntoUsage for Usage {
    fn into_usage(self) -> Option<Usage> {
        Some(self)
    }
}

impl IntoUsage for Option<Usage> {
    fn into_usage(self) -> Option<Usage> {
        self
    }
}

/// The result of the function that replaces a missing `usage`.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoUsage;

impl IntoUsage for NoUsage {
    const HAS_USAGE: bool = false;

    #[inline]
    fn into_usage(self) -> Option<Usage> {
        None
    }
}

#[inline]
pub fn into_usage<U: IntoUsage>(value: U) -> Option<Usage> {
    value.into_usage()
}

#[inline]
pub const fn no_usage<T>(_value: &T) -> NoUsage {
    NoUsage
}

/// Ends an operation or step by the returned value: with its error, or else as complete. If there is a value, reports
/// its usage and captures its output first. `_kind` selects the [`Inspect`] implementation of `value`.
#[inline]
pub fn finish<W, V, K, F, U>(
    target: W,
    value: &V,
    _kind: K,
    error_type: impl FnOnce(&V::Error) -> F,
    usage: impl FnOnce(&V::Value) -> U,
    capture_output: impl FnOnce(&W, &V::Value),
) where
    W: OperationOrStep,
    V: Inspect<K>,
    F: IntoFailure,
    U: IntoUsage,
{
    match value.inspect() {
        CallResult::Value(value) => {
            if let Some(usage) = usage(value).into_usage() {
                target.report_usage(usage);
            }
            capture_output(&target, value);
            target.complete_call();
        }
        CallResult::NoValue => target.complete_call(),
        CallResult::Error(error, known) => target.fail_call(failure_of(error, known, error_type)),
    }
}

/// Ends an operation or step whose `Result` or `Option` contains no stream, and returns a disabled one. Otherwise
/// returns the operation or step.
#[inline]
pub fn finish_without_value<W, V, K, F>(target: W, value: &V, _kind: K, error_type: impl FnOnce(&V::Error) -> F) -> W
where
    W: OperationOrStep,
    V: Inspect<K>,
    F: IntoFailure,
{
    match value.inspect() {
        CallResult::Value(_) => return target,
        CallResult::NoValue => target.complete_call(),
        CallResult::Error(error, known) => target.fail_call(failure_of(error, known, error_type)),
    }
    W::disabled()
}

/// Returns the failure from the function of `error_type`, or else `known`, that of the error's own type, or else one of
/// the type `_OTHER`. If `known` is `None`, a failure without an exception type gets the type of `error`.
pub(super) fn failure_of<E, F: IntoFailure>(
    error: &E,
    known: Option<Failure>,
    error_type: impl FnOnce(&E) -> F,
) -> Failure {
    let is_known = known.is_some();
    let failure = error_type(error).into_failure().or(known).unwrap_or_else(|| ErrorType::Other.into());
    // The conversion of a known error decides on its exception type.
    if failure.exception_type().is_some() || is_known { failure } else { failure.caused_by(error) }
}
