//! The schedule of one call to one device: its cadence, slowed down if the library is slow.

use crate::error::ErrorClass;
use crate::error::GpuError;

/// The availability of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Capability {
    #[default]
    Untried,
    Supported,
    /// The device never supports the call.
    Unsupported,
    /// The last call failed.
    Failing,
}

/// The schedule of one call to one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallSchedule {
    pub(crate) capability: Capability,
    /// Moment of the next call, in nanoseconds.
    pub(crate) due: u64,
    /// Moment of the last successful call.
    pub(crate) answered: Option<u64>,
    /// The last calls that exceeded the budget, one bit for each call.
    slow: u32,
    /// Number of calls since the last change of the period.
    calls: u32,
    /// Factor of the period, a power of four.
    stretch: u32,
}

/// The number of calls in the judged window. Two slow calls within the window lengthen the period.
const JUDGED: u32 = 20;

/// The largest factor of the period.
const MAX_SLOWDOWN: u32 = 64;

impl CallSchedule {
    /// Records a call that took `took` nanoseconds and returned `answer`.
    pub(crate) fn record_call(&mut self, at: u64, took: u64, budget: u64, answer: Result<(), GpuError>) {
        self.capability = match answer {
            Ok(()) => {
                self.answered = Some(at);
                Capability::Supported
            }
            Err(error) if error.verdict() == ErrorClass::Permanent => Capability::Unsupported,
            Err(_) => Capability::Failing,
        };
        self.slow = (self.slow << 1 | u32::from(took > budget)) & ((1 << JUDGED) - 1);
        self.calls += 1;
        if self.slow.count_ones() >= 2 {
            (self.stretch, self.slow, self.calls) = ((self.stretch() * 4).min(MAX_SLOWDOWN), 0, 0);
        } else if self.calls >= JUDGED && self.slow == 0 && self.stretch() > 1 {
            (self.stretch, self.calls) = (self.stretch() / 4, 0);
        }
    }

    pub(crate) fn stretch(&self) -> u32 {
        self.stretch.max(1)
    }

    pub(crate) fn period(&self, cadence: u64) -> u64 {
        cadence * u64::from(self.stretch())
    }

    /// Resets failures after a lost device was found again.
    pub(crate) fn forgive(&mut self) {
        if self.capability == Capability::Failing {
            self.capability = Capability::Untried;
        }
        self.due = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: u64 = 5_000_000;

    #[test]
    fn a_library_that_is_slow_is_asked_a_quarter_as_often_and_a_fast_one_as_before() {
        let mut pace = CallSchedule::default();
        pace.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        assert_eq!(pace.period(100), 100, "one slow call must not change the period");
        pace.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        assert_eq!(pace.period(100), 400);
        for _ in 0..20 {
            pace.record_call(0, BUDGET + 1, BUDGET, Ok(()));
        }
        assert_eq!(pace.period(100), 6_400, "the period must not grow further");
        for _ in 0..60 {
            pace.record_call(0, 1_000, BUDGET, Ok(()));
        }
        assert_eq!(pace.period(100), 100);
    }

    #[test]
    fn what_is_not_supported_is_remembered_and_the_rest_is_tried_again() {
        let mut pace = CallSchedule::default();
        pace.record_call(0, 1, BUDGET, Err(GpuError::Timeout));
        assert_eq!(pace.capability, Capability::Failing);
        pace.record_call(0, 1, BUDGET, Err(GpuError::NoPermission));
        assert_eq!(pace.capability, Capability::Unsupported);
        pace.forgive();
        assert_eq!(pace.capability, Capability::Unsupported);
    }
}
