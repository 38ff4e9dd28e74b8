//! The end of operations (model calls) that their owner or stream drops. A handler of a request drops an operation before
//! the server layer learns the status of the answer, so the operation waits for the end of the handler.

use std::cell::Cell;

use super::end;
use crate::observer::state::ending::Ending;
use crate::observer::state::ending::StreamEnd;
use crate::observer::state::running_operation::RunningOperation;
use crate::semconv::value::ErrorType;

thread_local! {
    /// The operations that the handler has dropped that runs on this thread; `None` while no handler runs.
    static OF_HANDLER: Cell<Option<Vec<DroppedOperation>>> = const { Cell::new(None) };
}

/// Ends an operation that was dropped at `at`, in nanoseconds, with the results of its stream if it had one. If the drop
/// would count as a cancellation and a handler runs on this thread, the operation ends when the handler has answered.
pub(crate) fn end_dropped(running: RunningOperation, ending: Ending, at: u64, stream: Option<StreamEnd>) {
    if ending != Ending::Cancelled {
        return end::finish(running, ending, at, at, stream.as_ref());
    }
    let mut operation = DroppedOperation { running: Some(running), at, stream };
    // If no handler runs, the closure drops the operation, which ends it.
    let _ = OF_HANDLER.try_with(move |of_handler| {
        if let Some(mut operations) = of_handler.take() {
            // The stream and its markers no longer exist when the handler answers.
            operation.stream.iter_mut().for_each(|stream| stream.own_markers = 0);
            operations.push(operation);
            of_handler.set(Some(operations));
        }
    });
}

/// An operation that was dropped and has not ended. If it is dropped again, it ends as cancelled.
#[derive(Debug)]
struct DroppedOperation {
    /// `None` after the end.
    running: Option<RunningOperation>,
    /// The moment of the drop, in nanoseconds.
    at: u64,
    /// The results of its stream at the drop; `None` without a stream.
    stream: Option<StreamEnd>,
}

impl DroppedOperation {
    /// Ends the operation with the outcome that was marked meanwhile, or else by the error of the answer.
    fn end(&mut self, error: Option<ErrorType>) {
        let Some(running) = self.running.take() else { return };
        let state = &running.state;
        let by_error = || error.map_or(Ending::Cancelled, |error| end::ending_of_error(state, error));
        let ending = end::ending_of_marks(state, false, false).unwrap_or_else(by_error);
        let now = state.now();
        end::finish(running, ending, self.at, now, self.stream.as_ref());
    }
}

impl Drop for DroppedOperation {
    fn drop(&mut self) {
        self.end(None);
    }
}

/// The operations that the handler of one request has dropped and that have not ended. If this value is dropped, they end
/// as cancelled. Allocates only if an operation is dropped.
#[derive(Debug)]
#[cfg(feature = "tower")]
pub(crate) struct DroppedOperations(Vec<DroppedOperation>);

#[cfg(feature = "tower")]
impl DroppedOperations {
    /// Returns an empty list.
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Collects the operations that are dropped on this thread until the guard is dropped. Of nested handlers, the
    /// innermost collects.
    pub(crate) fn collect(&mut self) -> Collecting<'_> {
        let operations = std::mem::take(&mut self.0);
        let outer = OF_HANDLER.try_with(|of_handler| of_handler.replace(Some(operations))).ok().flatten();
        Collecting { operations: self, outer }
    }

    /// Ends the operations by the error type of the handler's answer; without an error they are cancelled.
    pub(crate) fn end(&mut self, error: Option<ErrorType>) {
        for mut operation in std::mem::take(&mut self.0) {
            operation.end(error);
        }
    }
}

/// A guard that ends the collection of dropped operations, also when the handler panics.
#[cfg(feature = "tower")]
pub(crate) struct Collecting<'a> {
    operations: &'a mut DroppedOperations,
    /// The operations of the handler in which this one runs; `None` if no handler runs outside.
    outer: Option<Vec<DroppedOperation>>,
}

#[cfg(feature = "tower")]
impl Drop for Collecting<'_> {
    fn drop(&mut self) {
        let outer = self.outer.take();
        let collected = OF_HANDLER.try_with(|of_handler| of_handler.replace(outer)).ok().flatten();
        self.operations.0 = collected.unwrap_or_default();
    }
}
