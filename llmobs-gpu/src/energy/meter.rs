//! Conversion of counter readings to plausible amounts of energy.

use super::period::CounterPeriod;
use crate::numbers::to_f64;

/// A meter for one device: uses the energy counter, or integrates the power if there is no counter.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnergyMeter {
    /// Counter value at the last observed change, in microjoules.
    last_counter: Option<u64>,
    /// Moment of the observed change, and of the last reading before it, in nanoseconds.
    changed_at: u64,
    unchanged_at: u64,
    /// Moment of the last reading.
    read_at: u64,
    /// Power at the last reading, in watts.
    last_watts: Option<f64>,
    /// Measured energy since the first reading, in microjoules.
    total: u64,
    first_counter: u64,
    is_paused: bool,
    period: CounterPeriod,
}

/// The result of a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MeterUpdate {
    /// The counter has not changed.
    Unchanged,
    /// The first reading, also after a pause or after a long time between power readings: an interval begins.
    First,
    /// Energy since the last change, in microjoules.
    Energy(u64),
    /// The reading is implausible. The interval has no energy.
    Dropped(EnergyAnomaly),
}

/// The reason for which an amount was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EnergyAnomaly {
    /// The counter decreased: the driver was reloaded, or the counter is wrong.
    Backwards,
    /// The energy exceeds what the device can use.
    BeyondPowerLimit,
}

impl EnergyAnomaly {
    /// Returns the name, which is also a value of `llmobs.anomaly`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Backwards => "gpu_energy_backwards",
            Self::BeyondPowerLimit => "gpu_energy_beyond_power",
        }
    }
}

/// The power limit assumed for devices that report none, in watts. Above that of any single GPU today.
const DEFAULT_POWER_LIMIT: f64 = 1_500.0;

/// The longest time in nanoseconds over which power is integrated. Older readings do not describe the time between.
const MAX_POWER_GAP: u64 = 5_000_000_000;

impl EnergyMeter {
    /// Takes a counter reading in microjoules at this moment, in nanoseconds. `limit` is the power limit in watts.
    pub(crate) fn update_counter(&mut self, counter: u64, at: u64, limit: Option<f64>) -> MeterUpdate {
        let Some(last) = self.last_counter else {
            // After a pause, the published value continues from its last value.
            if !self.is_paused {
                self.first_counter = counter;
            }
            self.is_paused = false;
            self.period.forget_last_change();
            self.set_last(counter, at);
            return MeterUpdate::First;
        };
        if counter == last {
            self.read_at = at;
            return MeterUpdate::Unchanged;
        }
        // The energy was used between the reading before the last change and this reading.
        let energy_limit = max_energy(limit, at.saturating_sub(self.unchanged_at));
        self.period.record_change(at.saturating_sub(self.changed_at), at.saturating_sub(self.read_at));
        self.set_last(counter, at);
        match counter.checked_sub(last) {
            None => MeterUpdate::Dropped(EnergyAnomaly::Backwards),
            Some(energy) if energy > energy_limit => MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit),
            Some(energy) => {
                self.total = self.total.saturating_add(energy);
                MeterUpdate::Energy(energy)
            }
        }
    }

    /// Takes a power reading in watts at this moment, in nanoseconds, for a device without a counter. `limit` is the
    /// power limit in watts.
    pub(crate) fn update_power(&mut self, watts: f64, at: u64, limit: Option<f64>) -> MeterUpdate {
        let last_watts = self.last_watts.replace(watts);
        let time = at.saturating_sub(self.changed_at);
        let last_changed_at = self.changed_at;
        self.set_last(0, at);
        let Some(last_watts) = last_watts.filter(|_| last_changed_at > 0 && time <= MAX_POWER_GAP) else {
            return MeterUpdate::First;
        };
        let energy = microjoules(f64::midpoint(last_watts, watts), time);
        if energy > max_energy(limit, time) {
            return MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit);
        }
        self.total = self.total.saturating_add(energy);
        MeterUpdate::Energy(energy)
    }

    /// Interrupts the measurement until the next reading.
    pub(crate) fn pause(&mut self) {
        self.is_paused |= self.last_counter.take().is_some();
        self.last_watts = None;
    }

    /// Returns the counter value without dropped readings, in microjoules. Never decreases.
    pub(crate) const fn monotonic_counter(&self) -> u64 {
        self.first_counter.saturating_add(self.total)
    }

    /// Returns the measured energy in microjoules.
    #[cfg(test)]
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Returns the mean time between two changes of the counter, in nanoseconds. Not shorter than the time between two
    /// readings.
    pub(crate) fn period(&self) -> Option<u64> {
        self.period.estimate()
    }

    fn set_last(&mut self, counter: u64, at: u64) {
        self.unchanged_at = if self.read_at == 0 { at } else { self.read_at };
        self.last_counter = Some(counter);
        self.changed_at = at;
        self.read_at = at;
    }
}

fn max_energy(limit: Option<f64>, nanos: u64) -> u64 {
    microjoules(1.5 * limit.filter(|limit| *limit > 0.0).unwrap_or(DEFAULT_POWER_LIMIT), nanos)
}

/// Returns the energy of a constant power over a time.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and power is 0 or more")]
pub(crate) fn microjoules(watts: f64, nanos: u64) -> u64 {
    (watts * to_f64(nanos) / 1e3).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn an_interval_lasts_from_one_counter_change_to_the_next() {
        let mut meter = EnergyMeter::default();
        assert_eq!(meter.update_counter(1_000, 100 * MS, None), MeterUpdate::First);
        assert_eq!(meter.update_counter(1_000, 120 * MS, None), MeterUpdate::Unchanged);
        assert_eq!(meter.update_counter(6_000, 140 * MS, None), MeterUpdate::Energy(5_000));
        assert_eq!(meter.monotonic_counter(), 6_000);
        assert_eq!(meter.update_counter(6_000, 160 * MS, None), MeterUpdate::Unchanged);
        assert_eq!(meter.update_counter(9_000, 180 * MS, None), MeterUpdate::Energy(3_000));
        assert_eq!(meter.period(), Some(40 * MS));
    }

    #[test]
    fn an_implausible_reading_is_dropped_and_the_next_interval_starts_from_it() {
        let mut meter = EnergyMeter::default();
        meter.update_counter(22_000_000_000_000, 100 * MS, Some(700.0));
        assert_eq!(
            meter.update_counter(200_000_000, 200 * MS, Some(700.0)),
            MeterUpdate::Dropped(EnergyAnomaly::Backwards)
        );
        assert_eq!(
            meter.update_counter(22_000_000_000_000, 300 * MS, Some(700.0)),
            MeterUpdate::Dropped(EnergyAnomaly::BeyondPowerLimit)
        );
        assert_eq!(meter.update_counter(22_000_050_000_000, 400 * MS, Some(700.0)), MeterUpdate::Energy(50_000_000));
        assert_eq!(meter.monotonic_counter(), 22_000_050_000_000, "the published energy must not fall or jump");
    }

    #[test]
    fn full_power_is_plausible_for_a_counter_slower_than_the_readings() {
        // The counter changes every 100 ms at 700 W. Readings every 50 ms and one late reading make changes seem 50 ms
        // apart.
        let mut meter = EnergyMeter::default();
        meter.update_counter(0, 100 * MS, Some(700.0));
        meter.update_counter(0, 150 * MS, Some(700.0));
        assert_eq!(meter.update_counter(70_000_000, 245 * MS, Some(700.0)), MeterUpdate::Energy(70_000_000));
        assert_eq!(meter.update_counter(140_000_000, 300 * MS, Some(700.0)), MeterUpdate::Energy(70_000_000));
    }

    #[test]
    fn without_a_counter_power_is_integrated_over_time() {
        let mut meter = EnergyMeter::default();
        assert_eq!(meter.update_power(100.0, 1_000 * MS, None), MeterUpdate::First);
        assert_eq!(meter.update_power(300.0, 2_000 * MS, None), MeterUpdate::Energy(200_000_000));
        assert_eq!(
            meter.update_power(300.0, 60_000 * MS, None),
            MeterUpdate::First,
            "the power between them is unknown"
        );
    }
}
