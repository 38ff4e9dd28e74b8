//! The calls of the application's callbacks, outside of every lock. A callback may start and end operations: their notices
//! and records wait until it has returned, so that no callback is entered a second time on one thread.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::finished::Finished;
use super::recorder::Callbacks;
use super::started::Started;

thread_local! {
    /// The calls that wait for the callback that runs on this thread; `None` while none runs.
    static WAITING: Cell<Option<VecDeque<Call>>> = const { Cell::new(None) };
}

/// A call of a callback.
pub(crate) enum Call {
    Start(Arc<Callbacks>, Started),
    End(Arc<Callbacks>, Box<Finished>),
}

impl Call {
    fn run(self) {
        match self {
            Self::Start(callbacks, started) => callbacks.on_start(started),
            Self::End(callbacks, finished) => callbacks.on_end(*finished),
        }
    }
}

/// Makes a call now, or after the callback that runs on this thread.
pub(crate) fn call(call: Call) {
    let mut call = Some(call);
    let is_first = WAITING.try_with(|waiting| match waiting.take() {
        Some(mut calls) => {
            calls.extend(call.take());
            waiting.set(Some(calls));
            false
        }
        None => {
            waiting.set(Some(VecDeque::new()));
            true
        }
    });
    // `Err` at the end of the thread, when its local values no longer exist.
    let is_first = is_first.unwrap_or(false);
    while let Some(next) = call.take() {
        next.run();
        if is_first {
            call = take_waiting();
        }
    }
}

/// Returns the first call that waits. If none does, further calls run at once.
fn take_waiting() -> Option<Call> {
    let next = WAITING.try_with(|waiting| {
        let mut calls = waiting.take()?;
        let next = calls.pop_front()?;
        waiting.set(Some(calls));
        Some(next)
    });
    next.ok().flatten()
}
