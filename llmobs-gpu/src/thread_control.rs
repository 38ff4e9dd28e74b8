//! Waking, stopping and joining of threads.

use std::time::Duration;

use crate::sync::Condvar;
use crate::sync::Mutex;

#[derive(Debug, Default)]
pub(crate) struct ThreadControl {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_woken: bool,
    is_stopping: bool,
    /// Number of threads that have not ended.
    thread_count: usize,
}

impl ThreadControl {
    pub(crate) fn wake(&self) {
        self.state.lock().is_woken = true;
        self.changed.notify_all();
    }

    /// Sleeps until woken, at most `at_most`. Returns whether to continue.
    pub(crate) fn sleep(&self, at_most: Duration) -> bool {
        let waits = |state: &mut State| !state.is_woken && !state.is_stopping;
        let mut state = self.changed.wait_timeout_while(self.state.lock(), at_most, waits);
        state.is_woken = false;
        !state.is_stopping
    }

    /// Sleeps for this time, unless stopped. Returns whether to continue.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let waits = |state: &mut State| !state.is_stopping;
        let state = self.changed.wait_timeout_while(self.state.lock(), time, waits);
        !state.is_stopping
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state.lock().is_stopping
    }

    pub(crate) fn thread_started(&self) {
        self.state.lock().thread_count += 1;
    }

    pub(crate) fn thread_ended(&self) {
        self.state.lock().thread_count -= 1;
        self.changed.notify_all();
    }

    /// Stops all threads and waits at most `at_most` for their end. Returns the number of threads that have not ended.
    pub(crate) fn stop(&self, at_most: Duration) -> usize {
        self.state.lock().is_stopping = true;
        self.changed.notify_all();
        let runs = |state: &mut State| state.thread_count > 0;
        let state = self.changed.wait_timeout_while(self.state.lock(), at_most, runs);
        state.thread_count
    }
}
