//! From readings of a counter to amounts of energy that can be true.

use super::period::CounterPeriod;

/// Reads one device's counter, or its power where it has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnergyMeter {
    /// What the counter showed when it was last seen to change, in microjoules.
    last: Option<u64>,
    /// When it was seen to change, and the moment before when it had not yet: nanoseconds.
    changed: u64,
    unchanged: u64,
    /// The last reading.
    read: u64,
    /// Watts at the last reading of the power.
    power: Option<f64>,
    /// Everything measured, in microjoules, on top of the first reading.
    total: u64,
    first: u64,
    is_paused: bool,
    period: CounterPeriod,
}

/// What a reading tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeterUpdate {
    /// Nothing new.
    Unchanged,
    /// The first reading: an interval begins.
    First,
    /// So many microjoules since the last change.
    Energy(u64),
    /// What it tells cannot be true; the interval has no energy.
    Dropped(EnergyAnomaly),
}

/// Why an amount was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnergyAnomaly {
    /// The counter fell: the driver was loaded anew, or it lies.
    Backwards,
    /// More than the device can take.
    BeyondPowerLimit,
}

impl EnergyAnomaly {
    /// Its name, also a value of `llmobs.anomaly`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Backwards => "gpu_energy_backwards",
            Self::BeyondPowerLimit => "gpu_energy_beyond_power",
        }
    }
}

/// Of a device that does not tell its limit: more than any single GPU takes today.
const LIMIT: f64 = 1_500.0;

/// The time that the integral of power bridges: older readings say nothing of the time between.
const BRIDGED: u64 = 5_000_000_000;

impl EnergyMeter {
    /// The counter shows so many microjoules at this moment.
    pub(crate) fn counter(&mut self, counter: u64, at: u64, limit: Option<f64>) -> MeterUpdate {
        let Some(last) = self.last else {
            // After a pause it goes on where it stood.
            if !self.is_paused {
                self.first = counter;
            }
            self.is_paused = false;
            self.period.interrupt();
            self.set_last(counter, at);
            return MeterUpdate::First;
        };
        if counter == last {
            self.read = at;
            return MeterUpdate::Unchanged;
        }
        // The energy came between the reading before the last change and this one.
        let most = max_energy(limit, at.saturating_sub(self.unchanged));
        self.period.changed(at.saturating_sub(self.changed), at.saturating_sub(self.read));
        self.set_last(counter, at);
        match counter.checked_sub(last) {
            None => MeterUpdate::Dropped(EnergyAnomaly::Backwards),
            Some(energy) if energy > most => MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit),
            Some(energy) => {
                self.total = self.total.saturating_add(energy);
                MeterUpdate::Energy(energy)
            }
        }
    }

    /// The device has no counter, and takes so many watts at this moment.
    pub(crate) fn power(&mut self, watts: f64, at: u64, limit: Option<f64>) -> MeterUpdate {
        let before = self.power.replace(watts);
        let time = at.saturating_sub(self.changed);
        let began = self.changed;
        self.set_last(0, at);
        let Some(before) = before.filter(|_| began > 0 && time <= BRIDGED) else { return MeterUpdate::First };
        let energy = microjoules(f64::midpoint(before, watts), time);
        if energy > max_energy(limit, time) {
            return MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit);
        }
        self.total = self.total.saturating_add(energy);
        MeterUpdate::Energy(energy)
    }

    /// Nobody knows what happens until the next reading.
    pub(crate) fn pause(&mut self) {
        self.is_paused |= self.last.take().is_some();
        self.power = None;
    }

    /// What the counter would show had it never lied, in microjoules.
    pub(crate) const fn shown(&self) -> u64 {
        self.first.saturating_add(self.total)
    }

    /// Microjoules measured in all.
    #[cfg(test)]
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// The time from one change to the next, in nanoseconds, as far as it was asked often enough to tell: no less than
    /// from one reading to the next.
    pub(crate) fn period(&self) -> Option<u64> {
        self.period.nanos()
    }

    fn set_last(&mut self, counter: u64, at: u64) {
        self.unchanged = if self.read == 0 { at } else { self.read };
        self.last = Some(counter);
        self.changed = at;
        self.read = at;
    }
}

fn max_energy(limit: Option<f64>, nanos: u64) -> u64 {
    microjoules(1.5 * limit.filter(|limit| *limit > 0.0).unwrap_or(LIMIT), nanos)
}

/// Watts over a time.
#[expect(clippy::cast_precision_loss, reason = "times are far below 104 days")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and power is no less than 0")]
pub(crate) fn microjoules(watts: f64, nanos: u64) -> u64 {
    (watts * nanos as f64 / 1e3).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_interval_is_from_change_to_change() {
        let mut meter = EnergyMeter::default();
        assert_eq!(meter.counter(1_000, 100 * MS, None), MeterUpdate::First);
        assert_eq!(meter.counter(1_000, 120 * MS, None), MeterUpdate::Unchanged);
        assert_eq!(meter.counter(6_000, 140 * MS, None), MeterUpdate::Energy(5_000));
        assert_eq!(meter.shown(), 6_000);
        assert_eq!(meter.counter(6_000, 160 * MS, None), MeterUpdate::Unchanged);
        assert_eq!(meter.counter(9_000, 180 * MS, None), MeterUpdate::Energy(3_000));
        assert_eq!(meter.period(), Some(40 * MS));
    }

    #[test]
    fn what_cannot_be_true_is_dropped_and_the_next_interval_stands_on_it() {
        let mut meter = EnergyMeter::default();
        meter.counter(22_000_000_000_000, 100 * MS, Some(700.0));
        assert_eq!(meter.counter(200_000_000, 200 * MS, Some(700.0)), MeterUpdate::Dropped(EnergyAnomaly::Backwards));
        assert_eq!(
            meter.counter(22_000_000_000_000, 300 * MS, Some(700.0)),
            MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit)
        );
        assert_eq!(meter.counter(22_000_050_000_000, 400 * MS, Some(700.0)), MeterUpdate::Energy(50_000_000));
        assert_eq!(meter.shown(), 22_000_050_000_000, "what is published never falls and never jumps");
    }

    #[test]
    fn a_counter_that_is_slower_than_the_readings_is_believed_at_full_power() {
        // Every 100 ms at 700 W, read every 50 ms and once late: the changes seem 50 ms apart.
        let mut meter = EnergyMeter::default();
        meter.counter(0, 100 * MS, Some(700.0));
        meter.counter(0, 150 * MS, Some(700.0));
        assert_eq!(meter.counter(70_000_000, 245 * MS, Some(700.0)), MeterUpdate::Energy(70_000_000));
        assert_eq!(meter.counter(140_000_000, 300 * MS, Some(700.0)), MeterUpdate::Energy(70_000_000));
    }

    #[test]
    fn without_a_counter_power_is_summed_over_time() {
        let mut meter = EnergyMeter::default();
        assert_eq!(meter.power(100.0, 1_000 * MS, None), MeterUpdate::First);
        assert_eq!(meter.power(300.0, 2_000 * MS, None), MeterUpdate::Energy(200_000_000));
        assert_eq!(meter.power(300.0, 60_000 * MS, None), MeterUpdate::First, "nobody knows what was between");
    }
}
