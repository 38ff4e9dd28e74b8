//! How often a counter changes, told by readings that see no change when it happens, but some time later.

use std::collections::VecDeque;

/// The times from change to change, as far as they are known well.
#[derive(Debug, Clone, Default)]
pub(crate) struct CounterPeriod {
    /// How long before it was seen the last change may have happened: nanoseconds. None after a first reading, which
    /// is no change.
    late: Option<u64>,
    times: VecDeque<ObservedInterval>,
}

/// From one change to the next, in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct ObservedInterval {
    nanos: u64,
    /// How far from the truth that may be.
    doubt: u64,
}

/// The most times that are kept.
const MAX_INTERVALS: usize = 32;

/// A doubt that is small enough: what readings 50 ms apart leave.
const FINE: u64 = 100_000_000;

impl CounterPeriod {
    /// Nothing is known of when the counter last changed.
    pub(crate) const fn interrupt(&mut self) {
        self.late = None;
    }

    /// It changed so long after the last change, and up to `late` before this was seen.
    pub(crate) fn changed(&mut self, seen: u64, late: u64) {
        let Some(before) = self.late.replace(late) else { return };
        if self.times.len() == MAX_INTERVALS {
            self.times.pop_front();
        }
        self.times.push_back(ObservedInterval { nanos: seen, doubt: before + late });
        // Rare readings, and two of which only one was rare, say less than what is known from frequent ones.
        let least = self.times.iter().map(|time| time.doubt).min().unwrap_or(0);
        self.times.retain(|time| time.doubt <= least.max(FINE) * 3 / 2);
    }

    /// The mean of those that may be the same as their median, which alone would be a multiple of the readings' cadence.
    pub(crate) fn nanos(&self) -> Option<u64> {
        let mut times: Vec<ObservedInterval> = self.times.iter().copied().collect();
        times.sort_unstable_by_key(|time| time.nanos);
        let median = times.get(times.len() / 2)?.nanos;
        times.retain(|time| time.nanos.abs_diff(median) <= time.doubt);
        let sum: u64 = times.iter().map(|time| time.nanos).sum();
        sum.checked_div(u64::try_from(times.len()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::EnergyMeter;

    const MS: u64 = 1_000_000;

    /// What is known of a counter that changes every so many milliseconds after readings at these moments.
    fn measured_period(every: u64, readings: impl IntoIterator<Item = u64>) -> Option<u64> {
        let mut meter = EnergyMeter::default();
        for at in readings {
            meter.counter(at / every * 1_000, at * MS, None);
        }
        meter.period().map(|period| period / MS)
    }

    /// Once a second; then an operation runs from `start` on, with a reading at once and every 50 ms.
    fn idle_then_busy(start: u64, time: u64) -> impl Iterator<Item = u64> {
        let idle = (0..start).step_by(1_000).map(|at| at + 1);
        idle.chain((start..start + time).step_by(50))
    }

    #[test]
    fn an_operation_that_begins_between_two_readings_makes_no_period_short() {
        for start in 10_002..10_202 {
            let told = measured_period(100, idle_then_busy(start, 600)).unwrap();
            assert!((90..=110).contains(&told), "{told} ms where one begins after {start} ms");
        }
    }

    #[test]
    fn neither_do_many_short_ones() {
        // From 5 to 400 ms of them, with pauses of 1 to 97 ms, in which the reading that was due still comes.
        let mut readings = Vec::new();
        let mut at = 1;
        for turn in 0..300 {
            let (time, pause) = (5 + turn * 131 % 396, 1 + turn * 59 % 97);
            readings.extend((at..at + time + 50).step_by(50).take_while(|reading| *reading < at + time + pause));
            at += time + pause;
            if turn > 20 {
                let told = measured_period(100, readings.iter().copied()).unwrap();
                assert!((85..=115).contains(&told), "{told} ms after {turn} operations");
            }
        }
    }

    #[test]
    fn readings_that_are_out_of_step_with_the_counter_tell_its_period_in_the_mean() {
        for (every, least, most) in [(20, 50, 50), (70, 65, 75), (80, 75, 85), (130, 120, 140), (500, 490, 510)] {
            let told = measured_period(every, idle_then_busy(3_017, 20_000)).unwrap();
            assert!((least..=most).contains(&told), "{every} ms: {told}");
        }
    }

    #[test]
    fn what_is_known_well_outlasts_rare_readings_and_a_late_change() {
        let idle = (0..100).map(|second| 14_000 + second * 1_000);
        assert_eq!(measured_period(100, idle_then_busy(10_037, 2_000).chain(idle)), Some(100));
        // The counter stands still for a while.
        let mut meter = EnergyMeter::default();
        for at in idle_then_busy(10_037, 4_000) {
            let shown = if (11_000..12_000).contains(&at) { 11_000 } else { at };
            meter.counter(shown / 100, at * MS, None);
        }
        assert_eq!(meter.period(), Some(100 * MS));
    }

    #[test]
    fn a_first_reading_is_no_change() {
        assert_eq!(measured_period(100, [50, 100]), None);
        assert_eq!(measured_period(100, [50, 100, 150, 200]), Some(100));
        let mut meter = EnergyMeter::default();
        for (at, counter) in [(0, 0), (50, 0), (100, 1)] {
            meter.counter(counter, at * MS, None);
        }
        meter.pause();
        for (at, counter) in [(120, 1), (150, 2), (200, 2), (250, 3)] {
            meter.counter(counter, at * MS, None);
        }
        assert_eq!(meter.period(), Some(100 * MS), "nor is the first one after a pause");
    }
}
