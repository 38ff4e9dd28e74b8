//! The calls of the application's callbacks, outside of every lock. A callback may start and end operations: their notices
//! and records wait until it has returned, so that no callback is entered a second time on one thread.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::finished::Finished;
use super::settings::OnEnd;
use super::settings::OnStart;
use super::started::Started;
use crate::sink::Sinks;
use crate::unwind::catch_panic;

/// The value of `llmobs.signal` for records.
const RECORD_SIGNAL: &str = "record";

/// The drop reasons of callbacks.
const ON_START_PANICKED: &str = "on_start_panicked";
const ON_END_PANICKED: &str = "on_end_panicked";

/// The callbacks of the application, and the counter of their panics.
pub(crate) struct Callbacks {
    on_start: Option<OnStart>,
    on_end: Option<OnEnd>,
    sinks: Arc<Sinks>,
}

impl Callbacks {
    /// Returns the callbacks, and creates the series of those panics that can occur.
    pub(super) fn new(on_start: Option<OnStart>, on_end: Option<OnEnd>, sinks: Arc<Sinks>) -> Self {
        for (reason, can_occur) in [(ON_START_PANICKED, on_start.is_some()), (ON_END_PANICKED, on_end.is_some())] {
            if can_occur {
                count_dropped(&sinks, reason, 0);
            }
        }
        Self { on_start, on_end, sinks }
    }

    pub(super) const fn has_on_start(&self) -> bool {
        self.on_start.is_some()
    }

    pub(super) const fn has_on_end(&self) -> bool {
        self.on_end.is_some()
    }

    /// Returns the backends that drops are counted in.
    pub(super) fn sinks(&self) -> &Sinks {
        &self.sinks
    }

    /// Passes on an operation that started.
    fn on_start(&self, started: Started) {
        if let Some(on_start) = &self.on_start
            && catch_panic(|| on_start(started)).is_none()
        {
            count_dropped(&self.sinks, ON_START_PANICKED, 1);
        }
    }

    /// Passes on the record of an operation that ended.
    fn on_end(&self, finished: Finished) {
        if let Some(on_end) = &self.on_end
            && catch_panic(|| on_end(finished)).is_none()
        {
            count_dropped(&self.sinks, ON_END_PANICKED, 1);
        }
    }
}

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

/// Counts dropped records, or lost notices of starts, by their reason.
pub(super) fn count_dropped(sinks: &Sinks, reason: &'static str, count: u64) {
    sinks.count_dropped(RECORD_SIGNAL, reason, count);
}
