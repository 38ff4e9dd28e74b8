//! The operation (model call) whose code runs on this thread, and the scope that makes it the current one.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;

use pin_project_lite::pin_project;
use tracing::Instrument;
use tracing::Span;
use tracing::instrument::Instrumented;

use super::state::operation_state::OperationState;
use crate::span::OwnedSpan;

/// The state of an operation; `None` for a disabled one, and for code that belongs to no operation.
type Shared = Option<Arc<OperationState>>;

thread_local! {
    static CURRENT: Cell<Shared> = const { Cell::new(None) };
}

/// Returns the state of the operation whose code runs on this thread, the innermost one; `None` outside of any
/// operation, and if the innermost one is disabled.
pub(super) fn current_operation() -> Shared {
    let read = |current: &Cell<Shared>| {
        let state = current.take();
        current.set(state.clone());
        state
    };
    CURRENT.try_with(read).ok().flatten()
}

/// Makes an operation the current one of this thread until the returned guard is dropped. The two are swapped, so
/// nothing is cloned.
pub(super) fn enter(state: &mut Shared) -> Entered<'_> {
    let is_entered = CURRENT.try_with(|current| *state = current.replace(state.take())).is_ok();
    Entered(is_entered.then_some(state))
}

/// A guard that restores the previous operation when it is dropped, also when the code panics.
#[derive(Debug)]
pub(super) struct Entered<'a>(Option<&'a mut Shared>);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.0.take() {
            let _ = CURRENT.try_with(|current| *state = current.replace(state.take()));
        }
    }
}

/// The span and the state of an operation, in which code of the application runs.
#[derive(Debug)]
#[cfg_attr(not(feature = "macros"), expect(unreachable_pub, reason = "only expansions of the attribute name it"))]
pub struct OperationScope {
    span: Span,
    state: Shared,
}

impl OperationScope {
    /// Returns the scope of an operation. `span` is `None` if no subscriber enables it, and `state` if the operation is
    /// disabled.
    pub(super) fn new(span: Option<&OwnedSpan>, state: Shared) -> Self {
        Self { span: span.map_or_else(Span::none, |span| span.tracing_span().clone()), state }
    }

    /// Runs code in the span, as the code of the operation.
    pub(crate) fn in_scope<T>(mut self, code: impl FnOnce() -> T) -> T {
        let _entered = enter(&mut self.state);
        self.span.in_scope(code)
    }

    /// Runs a future in the span, as the code of the operation.
    pub(crate) fn run<F: Future>(self, future: F) -> OperationFuture<F> {
        OperationFuture { future: future.instrument(self.span), state: self.state }
    }
}

pin_project! {
    /// A future that runs in the span of an operation, one model call, as
    /// [`Operation::run`](crate::Operation::run) returns it. While it is polled,
    /// [`Operation::current`](crate::Operation::current) returns a marker of the operation.
    #[must_use = "futures do nothing unless polled"]
    pub struct OperationFuture<F> {
        #[pin]
        future: Instrumented<F>,
        state: Option<Arc<OperationState>>,
    }
}

impl<F: Future> Future for OperationFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = enter(this.state);
        this.future.poll(context)
    }
}

/// Omits the future, which may contain prompts.
impl<F> fmt::Debug for OperationFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationFuture").field("enabled", &self.state.is_some()).finish_non_exhaustive()
    }
}
