//! The rule that names the cause of a stall, a long pause of the producer of a stream.

use crate::semconv::value::StallCause;

/// The nanoseconds of a pause that each possible cause explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StallTimes {
    /// The time since the engine took the operation out of its batch.
    pub(crate) preemption: u64,
    /// The time in steps that computed the prompts of other sequences.
    pub(crate) prefill: u64,
    /// The time for which heat or a protection of the hardware made a GPU of the model slower.
    pub(crate) gpu_throttle: u64,
    /// The time for which a task of an async runtime was late.
    pub(crate) runtime_lag: u64,
}

impl StallTimes {
    /// Returns the cause of a pause of `gap` nanoseconds: the one with the most time, if that is at least half of the
    /// pause, and otherwise `Engine`. Of several with the same time, the first in the order of the fields.
    pub(crate) fn cause(&self, gap: u64) -> StallCause {
        let causes = [
            (self.preemption, StallCause::Preemption),
            (self.prefill, StallCause::Prefill),
            (self.gpu_throttle, StallCause::GpuThrottle),
            (self.runtime_lag, StallCause::RuntimeLag),
        ];
        // `max_by_key` returns the last maximum.
        let most = causes.into_iter().rev().max_by_key(|(time, _)| *time);
        most.filter(|(time, _)| *time >= gap.div_ceil(2)).map_or(StallCause::Engine, |(_, cause)| cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORDER: [StallCause; 4] =
        [StallCause::Preemption, StallCause::Prefill, StallCause::GpuThrottle, StallCause::RuntimeLag];

    fn times(of: [u64; 4]) -> StallTimes {
        let [preemption, prefill, gpu_throttle, runtime_lag] = of;
        StallTimes { preemption, prefill, gpu_throttle, runtime_lag }
    }

    proptest! {
        #[test]
        fn the_cause_is_the_first_with_the_most_time_or_the_engine_if_that_is_less_than_half(
            of in prop::array::uniform4(0..20_u64), gap in 1..40_u64,
        ) {
            let cause = times(of).cause(gap);
            let most = of.into_iter().max().unwrap();
            match ORDER.iter().position(|known| *known == cause) {
                Some(index) => {
                    prop_assert!(2 * of[index] >= gap);
                    prop_assert!(of[index] == most && of[..index].iter().all(|earlier| *earlier < most));
                }
                None => prop_assert!(cause == StallCause::Engine && 2 * most < gap),
            }
        }

        #[test]
        fn the_unit_of_the_times_does_not_matter(
            of in prop::array::uniform4(0..1_000_u64), gap in 1..1_000_u64, unit in 1..1_000_000_u64,
        ) {
            prop_assert_eq!(times(of).cause(gap), times(of.map(|time| time * unit)).cause(gap * unit));
        }
    }

    #[test]
    fn half_of_a_gap_is_enough_and_less_is_not() {
        for (index, cause) in ORDER.into_iter().enumerate() {
            let mut of = [0; 4];
            of[index] = 500;
            assert_eq!(times(of).cause(1_000), cause);
            of[index] = 499;
            assert_eq!(times(of).cause(1_000), StallCause::Engine);
            assert_eq!(times(of).cause(999), StallCause::Engine, "499 is less than 499.5");
        }
        assert_eq!(times([7; 4]).cause(10), StallCause::Preemption);
        assert_eq!(StallTimes::default().cause(1), StallCause::Engine);
    }
}
