//! The rules for code of the application that may panic or may have panicked.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// Returns whether code of the application has panicked: it was running when its wrapper was dropped, as `was_running`
/// states, or the thread is unwinding. A `Drop` must then not call the wrapped stream or body, not even for its size: a
/// second panic would abort the process.
#[inline]
pub(crate) fn has_panicked(was_running: bool) -> bool {
    was_running || std::thread::panicking()
}

/// Runs code of another crate and returns its result, or `None` if it panics. A panic must not break the operation, and
/// must not abort the process when an operation ends because its thread panics.
#[inline]
pub(crate) fn catch_panic<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
