//! The schedule of one call to one device: its cadence, slowed down if the library is slow.

use crate::error::ErrorClass;
use crate::error::GpuError;

/// The availability of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Capability {
    #[default]
    Untried,
    Supported,
    /// The call never succeeds: the device does not support it, or this process lacks the permission.
    Unsupported,
    /// The last call failed.
    Failing,
}

/// The schedule of one call to one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallSchedule {
    pub(crate) capability: Capability,
    /// Moment of the next call, in nanoseconds.
    pub(crate) due_at: u64,
    /// Moment of the last successful call.
    pub(crate) answered_at: Option<u64>,
    /// One bit for each of the last calls, set if the call exceeded the budget.
    slow_calls: u32,
    /// Number of calls since the last change of the period.
    calls: u32,
    /// Factor of the period, a power of four. Zero counts as one.
    slowdown: u32,
}

/// The number of calls in the judged window. Two slow calls within the window lengthen the period.
const CALL_WINDOW: u32 = 20;

/// The largest factor of the period.
const MAX_SLOWDOWN: u32 = 64;

impl CallSchedule {
    /// Records a call that took `took` nanoseconds and returned `answer`. A call is slow if it takes more than `budget`
    /// nanoseconds.
    pub(crate) fn record_call(&mut self, at: u64, took: u64, budget: u64, answer: Result<(), GpuError>) {
        self.capability = match answer {
            Ok(()) => {
                self.answered_at = Some(at);
                Capability::Supported
            }
            Err(error) if error.class() == ErrorClass::Permanent => Capability::Unsupported,
            Err(_) => Capability::Failing,
        };
        self.slow_calls = (self.slow_calls << 1 | u32::from(took > budget)) & ((1 << CALL_WINDOW) - 1);
        self.calls = self.calls.saturating_add(1);
        if self.slow_calls.count_ones() >= 2 {
            (self.slowdown, self.slow_calls, self.calls) = ((self.slowdown() * 4).min(MAX_SLOWDOWN), 0, 0);
        } else if self.calls >= CALL_WINDOW && self.slow_calls == 0 && self.slowdown() > 1 {
            (self.slowdown, self.calls) = (self.slowdown() / 4, 0);
        }
    }

    pub(crate) fn slowdown(&self) -> u32 {
        self.slowdown.max(1)
    }

    pub(crate) fn interval(&self, cadence: u64) -> u64 {
        cadence * u64::from(self.slowdown())
    }

    /// Resets a failure after a lost device was found again, and makes the call due.
    pub(crate) fn reset(&mut self) {
        if self.capability == Capability::Failing {
            self.capability = Capability::Untried;
        }
        self.due_at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: u64 = 5_000_000;

    #[test]
    fn a_slow_call_is_made_a_quarter_as_often_until_it_is_fast_again() {
        let mut schedule = CallSchedule::default();
        schedule.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        assert_eq!(schedule.interval(100), 100, "one slow call must not change the period");
        schedule.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        assert_eq!(schedule.interval(100), 400);
        for _ in 0..20 {
            schedule.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        }
        assert_eq!(schedule.interval(100), 6_400, "the period must not grow further");
        for _ in 0..60 {
            schedule.record_call(0, 1_000, BUDGET, Ok(()));
        }
        assert_eq!(schedule.interval(100), 100);
    }

    #[test]
    fn the_number_of_calls_does_not_overflow() {
        let mut schedule = CallSchedule { calls: u32::MAX, slowdown: 4, ..CallSchedule::default() };
        schedule.record_call(0, 1_000, BUDGET, Ok(()));
        assert_eq!(schedule.slowdown(), 1, "the window is full");
    }

    #[test]
    fn an_unsupported_call_stays_unsupported_after_a_reset() {
        let mut schedule = CallSchedule::default();
        schedule.record_call(0, 1, BUDGET, Err(GpuError::Timeout));
        assert_eq!(schedule.capability, Capability::Failing);
        schedule.record_call(0, 1, BUDGET, Err(GpuError::NoPermission));
        assert_eq!(schedule.capability, Capability::Unsupported);
        schedule.reset();
        assert_eq!(schedule.capability, Capability::Unsupported);
    }
}
