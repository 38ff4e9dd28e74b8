//! Waking, stopping and joining of threads.

use std::sync::Condvar;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct ThreadControl {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    woken: bool,
    stopping: bool,
    /// Number of threads that have not ended.
    threads: usize,
}

impl ThreadControl {
    pub(crate) fn wake(&self) {
        self.lock().woken = true;
        self.changed.notify_all();
    }

    /// Sleeps until woken, at most `at_most`. Returns whether to continue.
    pub(crate) fn sleep(&self, at_most: Duration) -> bool {
        let waits = |state: &mut State| !state.woken && !state.stopping;
        let (mut state, _) =
            self.changed.wait_timeout_while(self.lock(), at_most, waits).unwrap_or_else(PoisonError::into_inner);
        state.woken = false;
        !state.stopping
    }

    /// Sleeps for this time, unless stopped. Returns whether to continue.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        let waits = |state: &mut State| !state.stopping;
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), time, waits).unwrap_or_else(PoisonError::into_inner);
        !state.stopping
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    pub(crate) fn began(&self) {
        self.lock().threads += 1;
    }

    pub(crate) fn ended(&self) {
        self.lock().threads -= 1;
        self.changed.notify_all();
    }

    /// Stops all threads and waits at most `at_most` for their end. Returns the number of threads that have not ended.
    pub(crate) fn stop(&self, at_most: Duration) -> usize {
        self.lock().stopping = true;
        self.changed.notify_all();
        let runs = |state: &mut State| state.threads > 0;
        let (state, _) =
            self.changed.wait_timeout_while(self.lock(), at_most, runs).unwrap_or_else(PoisonError::into_inner);
        state.threads
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
