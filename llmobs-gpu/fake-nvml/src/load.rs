//! Devices with a simulated load: power follows a script in real time, and the energy counter follows the power.
//!
//! A script is a list of steps `watts:milliseconds`, which repeats: `90:2000,400:1000` draws 90 W for two seconds, then
//! 400 W for one. A single number means constant power. `;` separates the scripts of several devices; there are as many
//! devices as scripts.
//!
//! As on a real device, the values change every 100 ms. The counter adds to its configured value, so a test can still
//! change it.

use std::time::Duration;
use std::time::Instant;

use crate::INVALID_ARGUMENT;
use crate::Ret;

/// The environment variable with the script. Without it, all devices have constant values.
pub(crate) const WATTS: &str = "FAKE_NVML_WATTS";

#[derive(Debug)]
pub(crate) struct Load {
    since: Instant,
    devices: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    milliwatts: u64,
    millis: u64,
}

/// Period of changes of the counter and the sensors, in milliseconds.
const PERIOD: u64 = 100;

/// Averaging window of `nvmlDeviceGetPowerUsage`, in milliseconds.
const MEAN: u64 = 1_000;

/// Upper limit for a power in a script, in watts.
const MAX_WATTS: u64 = 10_000;

impl Load {
    /// Parses a script and starts it now.
    #[expect(clippy::disallowed_methods, reason = "a device runs by real time, whatever clock its reader has")]
    pub(crate) fn start(script: &str) -> Result<Self, Ret> {
        let devices = script.split(';').map(steps).collect::<Option<_>>().ok_or(INVALID_ARGUMENT)?;
        Ok(Self { since: Instant::now(), devices })
    }

    pub(crate) const fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Returns the current value of `key` for a device, where `base` is the value without load.
    #[expect(clippy::disallowed_methods, reason = "a device runs by real time, whatever clock its reader has")]
    pub(crate) fn current_value(&self, device: usize, key: &str, base: u64) -> u64 {
        self.devices.get(device).map_or(base, |steps| {
            let elapsed = Instant::now().saturating_duration_since(self.since);
            value_at(steps, key, base, elapsed)
        })
    }
}

fn steps(script: &str) -> Option<Vec<Step>> {
    if let Some(milliwatts) = milliwatts(script) {
        return Some(vec![Step { milliwatts, millis: PERIOD }]);
    }
    let step = |text: &str| {
        let (watts, millis) = text.split_once(':')?;
        let millis = millis.trim().parse().ok().filter(|millis| (1..=86_400_000).contains(millis))?;
        Some(Step { milliwatts: milliwatts(watts)?, millis })
    };
    script.split(',').map(step).collect()
}

fn milliwatts(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|watts| *watts <= MAX_WATTS).map(|watts: u64| watts * 1_000)
}

fn value_at(steps: &[Step], key: &str, base: u64, elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    let now = millis - millis % PERIOD;
    match key {
        "energy_mj" => base + microjoules(steps, now) / 1_000,
        "power_instant_mw" => milliwatts_at(steps, now),
        "power_mw" => {
            let since = now.saturating_sub(MEAN);
            let energy = microjoules(steps, now) - microjoules(steps, since);
            energy.checked_div(now - since).unwrap_or_else(|| milliwatts_at(steps, now))
        }
        _ => base,
    }
}

/// Returns the energy of the first `millis` milliseconds, in microjoules.
fn microjoules(steps: &[Step], millis: u64) -> u64 {
    let (cycle_millis, cycle_energy) = steps.iter().fold((0, 0), |(time, energy), step| {
        let Step { milliwatts, millis } = step;
        (time + millis, energy + milliwatts * millis)
    });
    let mut remaining = millis % cycle_millis;
    let partial = steps.iter().map(|step| {
        let time = remaining.min(step.millis);
        remaining -= time;
        step.milliwatts * time
    });
    millis / cycle_millis * cycle_energy + partial.sum::<u64>()
}

fn milliwatts_at(steps: &[Step], millis: u64) -> u64 {
    microjoules(steps, millis + 1) - microjoules(steps, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_after(script: &str, key: &str, millis: u64) -> Option<u64> {
        steps(script).map(|steps| value_at(&steps, key, 1_000_000, Duration::from_millis(millis)))
    }

    #[test]
    fn the_counter_changes_every_100_ms_by_the_energy_used() {
        let at = |millis| value_after("350", "energy_mj", millis);
        assert_eq!([at(0), at(99)], [Some(1_000_000); 2]);
        assert_eq!([at(100), at(199)], [Some(1_035_000); 2]);
        assert_eq!(at(3_600_000), Some(1_000_000 + 350 * 3_600 * 1_000));
    }

    #[test]
    fn a_script_repeats() {
        let energy = |millis| value_after("90:2000,400:1000", "energy_mj", millis);
        assert_eq!(energy(2_000), Some(1_180_000));
        assert_eq!(energy(2_500), Some(1_380_000));
        assert_eq!(energy(3_000), Some(1_580_000));
        assert_eq!(energy(6_100), Some(1_000_000 + 2 * 580_000 + 9_000));
        let power = |millis| value_after("90:2000,400:1000", "power_instant_mw", millis);
        assert_eq!([power(0), power(1_999), power(2_000), power(3_000)], [90_000, 90_000, 400_000, 90_000].map(Some));
    }

    #[test]
    fn power_is_the_mean_of_the_last_second_and_instant_power_is_not() {
        let power = |millis| value_after("90:2000,400:1000", "power_mw", millis);
        assert_eq!([power(0), power(500), power(2_000)], [Some(90_000); 3]);
        assert_eq!(power(2_500), Some(245_000));
        assert_eq!(power(3_000), Some(400_000));
    }

    #[test]
    fn other_values_do_not_follow_the_load() {
        assert_eq!(value_after("350", "temperature", 5_000), Some(1_000_000));
    }

    #[test]
    fn an_invalid_script_is_rejected() {
        for script in ["", "much", "-1", "90:", ":100", "90:0", "90,400", "90:100,", "350;", "10001"] {
            assert_eq!(Load::start(script).err(), Some(INVALID_ARGUMENT), "{script}");
        }
        assert_eq!(Load::start("350; 90:2000, 400:1000").map(|load| load.devices()).ok(), Some(2));
    }
}
