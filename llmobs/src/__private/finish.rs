//! From a value to the outcome of the call that gave it.

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
    fn completed(self);
    fn failed(self, failure: Failure);
    /// One that watches nothing.
    #[must_use]
    fn disabled() -> Self;
}

impl OperationOrStep for Operation {
    fn report_usage(&self, usage: Usage) {
        self.marker().usage(usage);
    }

    #[inline]
    fn completed(self) {
        self.complete();
    }

    /// An error that says no, before anything was generated, is a rejection, as it is in a stream.
    #[cold]
    fn failed(self, failure: Failure) {
        match failure.error_type() {
            ErrorType::Cancelled => self.cancel(),
            error if error.is_refusal() && !self.marker().has_generated() => self.reject(failure),
            _ => self.fail(failure),
        }
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
    fn completed(self) {
        self.complete();
    }

    #[cold]
    fn failed(self, failure: Failure) {
        self.fail(failure);
    }

    fn disabled() -> Self {
        disabled_step()
    }
}

/// What `error_type` may give.
#[diagnostic::on_unimplemented(
    message = "`error_type` gives `{Self}`",
    label = "an `llmobs::ErrorType` or `llmobs::Failure` is wanted here"
)]
pub trait IntoFailure {
    /// None where nobody said anything.
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

/// Nobody said which type an error has.
#[derive(Debug)]
#[non_exhaustive]
pub struct NoErrorType;

impl IntoFailure for NoErrorType {
    fn into_failure(self) -> Option<Failure> {
        None
    }
}

#[inline]
pub const fn unnamed<E>(_error: &E) -> NoErrorType {
    NoErrorType
}

#[inline]
pub fn into_failure<F: IntoFailure>(said: F) -> Option<Failure> {
    said.into_failure()
}

impl IntoFailure for Option<Failure> {
    fn into_failure(self) -> Option<Failure> {
        self
    }
}

/// What `usage` may give.
#[diagnostic::on_unimplemented(
    message = "`usage` gives `{Self}`",
    label = "an `llmobs::Usage` or an `Option` of it is wanted here"
)]
pub trait IntoUsage {
    /// Whether there may be any.
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

/// Nobody said where the usage is.
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
pub fn into_usage<U: IntoUsage>(said: U) -> Option<Usage> {
    said.into_usage()
}

#[inline]
pub const fn unread<T>(_value: &T) -> NoUsage {
    NoUsage
}

/// Ends a call by its value.
#[inline]
pub fn finish<W, V, K, F, U>(
    watched: W,
    value: &V,
    _kind: K,
    error_type: impl FnOnce(&V::Error) -> F,
    usage: impl FnOnce(&V::Value) -> U,
    tell: impl FnOnce(&W, &V::Value),
) where
    W: OperationOrStep,
    V: Inspect<K>,
    F: IntoFailure,
    U: IntoUsage,
{
    match value.inspect() {
        CallResult::Value(value) => {
            if let Some(usage) = usage(value).into_usage() {
                watched.report_usage(usage);
            }
            tell(&watched, value);
            watched.completed();
        }
        CallResult::NoValue => watched.completed(),
        CallResult::Error(error, its_type) => watched.failed(failure(error, its_type, error_type)),
    }
}

/// Ends a call whose value is no stream, and gives it back else.
#[inline]
pub fn gate<W, V, K, F>(watched: W, value: &V, _kind: K, error_type: impl FnOnce(&V::Error) -> F) -> W
where
    W: OperationOrStep,
    V: Inspect<K>,
    F: IntoFailure,
{
    match value.inspect() {
        CallResult::Value(_) => return watched,
        CallResult::NoValue => watched.completed(),
        CallResult::Error(error, its_type) => watched.failed(failure(error, its_type, error_type)),
    }
    W::disabled()
}

/// What the user says of an error, else what it says itself.
pub(super) fn failure<E, F: IntoFailure>(
    error: &E,
    its_type: Option<ErrorType>,
    error_type: impl FnOnce(&E) -> F,
) -> Failure {
    let said = error_type(error).into_failure();
    let failure = said.unwrap_or_else(|| Failure::new(its_type.unwrap_or(ErrorType::Other)));
    // One of the closed list is no exception of the application's.
    if failure.exception().is_some() || its_type.is_some() { failure } else { failure.caused_by(error) }
}
