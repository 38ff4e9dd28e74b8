//! The rule for code of the application that may have panicked.

/// Returns whether code of the application has panicked: it was running when its wrapper was dropped, as `was_running`
/// states, or the thread is unwinding. A `Drop` must then not call the wrapped stream or body, not even for its size: a
/// second panic would abort the process.
#[inline]
pub(crate) fn has_panicked(was_running: bool) -> bool {
    was_running || std::thread::panicking()
}
