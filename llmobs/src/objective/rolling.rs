//! The results of an objective over the last hour.

use crate::clock::duration_to_nanos;
use crate::semconv::value::Window;
use crate::timing::EventCounts;
use crate::timing::EventWindow;

/// The length of a period in nanoseconds: ten seconds.
const PERIOD: u64 = 10_000_000_000;

/// The number of periods of an hour.
const PERIODS: usize = 360;

/// The good and bad operations of one objective over the last hour, in periods of ten seconds.
#[derive(Debug)]
pub(crate) struct RollingResults(EventWindow);

impl RollingResults {
    /// Returns the results without an operation.
    pub(crate) fn new() -> Self {
        Self(EventWindow::new(PERIOD, PERIODS))
    }

    /// Adds an operation that ended at `at`, in nanoseconds.
    #[inline]
    pub(crate) fn add(&self, good: bool, at: u64) {
        self.0.add(good, at);
    }

    /// Returns the operations that ended in the window before `now`, in nanoseconds. An operation is counted for the
    /// length of the window, and up to ten seconds longer.
    pub(crate) fn counts(&self, now: u64, window: Window) -> EventCounts {
        self.0.counts(now, duration_to_nanos(window.duration()))
    }
}
