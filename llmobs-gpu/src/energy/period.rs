//! The period of an energy counter, estimated from readings that observe each change with a delay.

use std::collections::VecDeque;

/// The observed times between changes, limited to the most exact ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct CounterPeriod {
    /// Largest delay in nanoseconds between the last change and its observation. `None` after a first reading, which is
    /// not a change.
    last_uncertainty: Option<u64>,
    intervals: VecDeque<ObservedInterval>,
}

/// The observed time between two changes, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct ObservedInterval {
    nanos: u64,
    /// Largest error in nanoseconds.
    uncertainty: u64,
}

/// The maximum number of intervals kept.
const MAX_INTERVALS: usize = 32;

/// The error in nanoseconds that is always accepted: that of readings 50 ms apart.
const SMALL_UNCERTAINTY: u64 = 100_000_000;

impl CounterPeriod {
    /// Forgets the moment of the last change.
    pub(crate) const fn forget_last_change(&mut self) {
        self.last_uncertainty = None;
    }

    /// Records a change that was observed `elapsed` nanoseconds after the last one, and happened up to `delay`
    /// nanoseconds before its observation.
    pub(crate) fn record_change(&mut self, elapsed: u64, delay: u64) {
        let Some(last_delay) = self.last_uncertainty.replace(delay) else { return };
        if self.intervals.len() == MAX_INTERVALS {
            self.intervals.pop_front();
        }
        self.intervals.push_back(ObservedInterval { nanos: elapsed, uncertainty: last_delay + delay });
        // Intervals with a late observation of their start or end are dropped in favor of more exact ones.
        let lowest = self.intervals.iter().map(|time| time.uncertainty).min().unwrap_or(0);
        self.intervals.retain(|time| time.uncertainty <= lowest.max(SMALL_UNCERTAINTY) * 3 / 2);
    }

    /// Returns the mean, in nanoseconds, of the intervals that are equal to the median within their error. The median
    /// alone would be a multiple of the time between readings.
    pub(crate) fn estimate(&self) -> Option<u64> {
        let mut times: Vec<ObservedInterval> = self.intervals.iter().copied().collect();
        times.sort_unstable_by_key(|time| time.nanos);
        let median = times.get(times.len() / 2)?.nanos;
        times.retain(|time| time.nanos.abs_diff(median) <= time.uncertainty);
        let sum: u64 = times.iter().map(|time| time.nanos).sum();
        sum.checked_div(u64::try_from(times.len()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::EnergyMeter;

    const MS: u64 = 1_000_000;

    /// Returns the estimate in ms for a counter with a period of `period_ms` ms and readings at these moments in ms.
    fn measured_period(period_ms: u64, readings: impl IntoIterator<Item = u64>) -> Option<u64> {
        let mut meter = EnergyMeter::default();
        for at in readings {
            meter.update_counter(at / period_ms * 1_000, at * MS, None);
        }
        meter.period().map(|period| period / MS)
    }

    /// Returns moments of readings in ms: once a second until an operation starts at `start`, then at once and every
    /// 50 ms.
    fn idle_then_busy(start: u64, time: u64) -> impl Iterator<Item = u64> {
        let idle = (0..start).step_by(1_000).map(|at| at + 1);
        idle.chain((start..start + time).step_by(50))
    }

    #[test]
    fn an_operation_that_starts_between_two_readings_does_not_shorten_the_period() {
        for start in 10_002..10_202 {
            let measured = measured_period(100, idle_then_busy(start, 600)).unwrap();
            assert!((90..=110).contains(&measured), "measured {measured} ms with a start after {start} ms");
        }
    }

    #[test]
    fn many_short_operations_do_not_change_the_period() {
        // Operations of 5 to 400 ms with pauses of 1 to 97 ms. A reading that is due at the end is still made in the
        // pause.
        let mut readings = Vec::new();
        let mut at = 1;
        for turn in 0..300 {
            let (time, pause) = (5 + turn * 131 % 396, 1 + turn * 59 % 97);
            readings.extend((at..at + time + 50).step_by(50).take_while(|reading| *reading < at + time + pause));
            at += time + pause;
            if turn > 20 {
                let measured = measured_period(100, readings.iter().copied()).unwrap();
                assert!((85..=115).contains(&measured), "measured {measured} ms after {turn} operations");
            }
        }
    }

    #[test]
    fn the_period_is_estimated_from_readings_that_are_out_of_step_with_the_counter() {
        for (period_ms, min, max) in [(20, 50, 50), (70, 65, 75), (80, 75, 85), (130, 120, 140), (500, 490, 510)] {
            let measured = measured_period(period_ms, idle_then_busy(3_017, 20_000)).unwrap();
            assert!((min..=max).contains(&measured), "with a period of {period_ms} ms: measured {measured} ms");
        }
    }

    #[test]
    fn exact_intervals_outweigh_infrequent_readings_and_a_late_change() {
        let idle = (0..100).map(|second| 14_000 + second * 1_000);
        assert_eq!(measured_period(100, idle_then_busy(10_037, 2_000).chain(idle)), Some(100));
        // The counter does not change for a while.
        let mut meter = EnergyMeter::default();
        for at in idle_then_busy(10_037, 4_000) {
            let counter_at = if (11_000..12_000).contains(&at) { 11_000 } else { at };
            meter.update_counter(counter_at / 100, at * MS, None);
        }
        assert_eq!(meter.period(), Some(100 * MS));
    }

    #[test]
    fn a_first_reading_does_not_count_as_a_change() {
        assert_eq!(measured_period(100, [50, 100]), None);
        assert_eq!(measured_period(100, [50, 100, 150, 200]), Some(100));
        let mut meter = EnergyMeter::default();
        for (at, counter) in [(0, 0), (50, 0), (100, 1)] {
            meter.update_counter(counter, at * MS, None);
        }
        meter.pause();
        for (at, counter) in [(120, 1), (150, 2), (200, 2), (250, 3)] {
            meter.update_counter(counter, at * MS, None);
        }
        assert_eq!(meter.period(), Some(100 * MS), "the first change after a pause must not count");
    }
}
