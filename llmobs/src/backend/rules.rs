//! The rules by which results change the state of a backend.

use std::time::Duration;

use super::error::BackendError;
use crate::clock::duration_to_nanos;
use crate::semconv::value::ErrorType;

/// The number of periods that a window is divided into.
pub(super) const PERIODS: usize = 10;

/// The shortest and the longest window. The numbers of periods below one second would soon wrap around.
const WINDOWS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(3_600)];

/// The rules of one backend.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rules {
    pub(super) window: Duration,
    pub(super) min_results: u32,
    pub(super) degraded_ratio: f64,
    pub(super) open_ratio: f64,
    pub(super) cool_down: Duration,
    pub(super) probes: u32,
}

impl Rules {
    /// Returns the default rules.
    pub(super) const fn new() -> Self {
        Self {
            window: Duration::from_secs(60),
            min_results: 5,
            degraded_ratio: 0.1,
            open_ratio: 0.5,
            cool_down: Duration::from_secs(15),
            probes: 2,
        }
    }

    /// Returns an error for the first rule that is not valid.
    pub(super) fn check(&self) -> Result<(), BackendError> {
        let is_ratio = |ratio: f64| ratio > 0.0 && ratio <= 1.0;
        let [shortest, longest] = WINDOWS;
        for (setter, is_valid, reason) in [
            ("window", (shortest..=longest).contains(&self.window), "a window has from ten seconds to one hour"),
            ("min_results", self.min_results > 0, "without a result there is no ratio; pass at least 1"),
            ("degraded_ratio", is_ratio(self.degraded_ratio), "a ratio is above 0 and at most 1"),
            ("open_ratio", is_ratio(self.open_ratio), "a ratio is above 0 and at most 1"),
            ("degraded_ratio", self.degraded_ratio <= self.open_ratio, "it is larger than the `open_ratio`"),
            ("probes", self.probes > 0, "a backend closes after a success; pass at least 1"),
        ] {
            if !is_valid {
                return Err(BackendError { setter, reason });
            }
        }
        Ok(())
    }

    /// Returns the window in nanoseconds.
    pub(super) fn window_nanos(&self) -> u64 {
        duration_to_nanos(self.window)
    }

    /// Returns the cool-down in nanoseconds.
    pub(super) fn cool_down_nanos(&self) -> u64 {
        duration_to_nanos(self.cool_down)
    }
}

/// Returns whether an error is one of the backend. The others are not results: they say nothing about the next request,
/// because the caller, this process or the content of one request was the reason.
pub(super) const fn is_backend_fault(error: ErrorType) -> bool {
    match error {
        ErrorType::Inference
        | ErrorType::Internal
        | ErrorType::OutOfMemory
        | ErrorType::Overloaded
        | ErrorType::RateLimited
        | ErrorType::Timeout
        | ErrorType::Upstream
        | ErrorType::Other => true,
        ErrorType::Authentication
        | ErrorType::BudgetExceeded
        | ErrorType::Cancelled
        | ErrorType::ContentFilter
        | ErrorType::InvalidRequest
        | ErrorType::Shutdown
        | ErrorType::Tool => false,
    }
}
