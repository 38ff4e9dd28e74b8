//! Devices with a simulated load: power follows a script in real time, and the energy counter follows the power.
//!
//! A script is a list of steps `watts:milliseconds`, which repeats: `90:2000,400:1000` draws 90 W for two seconds, then
//! 400 W for one. A single number means constant power. `;` separates the scripts of several devices; there are as many
//! devices as scripts.
//!
//! A second script changes other values of all devices: `temperature=61:3000,75:1000` is a course of one value, and
//! `pcie_replays+=0:5000,2:1000` adds to it, here two in a second after five seconds without change. The courses of several
//! values are separated by `;`. When the value `xid` becomes another number than 0, the first device reports that XID error.
//!
//! As on a real device, the values change every 100 ms. The counter adds to its configured value, so a test can still
//! change it.

use std::time::Duration;
use std::time::Instant;

use crate::INVALID_ARGUMENT;
use crate::Ret;

/// The environment variable with the script. Without it, all devices have constant values.
pub(crate) const WATTS: &str = "FAKE_NVML_WATTS";

/// The environment variable with the script of other values. It has no effect without [`WATTS`].
pub(crate) const VALUES: &str = "FAKE_NVML_VALUES";

#[derive(Debug)]
pub(crate) struct Load {
    since: Instant,
    devices: Vec<Vec<Step>>,
    courses: Vec<Course>,
    /// The last value of `xid`.
    xid: u64,
}

/// A power or another value, in thousandths, and the time for which it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    thousandths: u64,
    millis: u64,
}

/// The course of a value of all devices.
#[derive(Debug, PartialEq, Eq)]
struct Course {
    key: String,
    /// The steps are changes in a second.
    is_added: bool,
    steps: Vec<Step>,
}

/// Period of changes of the counter and the sensors, in milliseconds.
const PERIOD: u64 = 100;

/// Averaging window of `nvmlDeviceGetPowerUsage`, in milliseconds.
const MEAN: u64 = 1_000;

/// Upper limit for a power in a script, in watts.
const MAX_WATTS: u64 = 10_000;

/// Upper limit for another value in a script.
const MAX_VALUE: u64 = 100_000_000_000;

impl Load {
    /// Parses a script and starts it now.
    #[expect(clippy::disallowed_methods, reason = "a device runs by real time, whatever clock its reader has")]
    pub(crate) fn start(script: &str) -> Result<Self, Ret> {
        let devices = script.split(';').map(|device| steps(device, MAX_WATTS));
        let devices = devices.collect::<Option<_>>().ok_or(INVALID_ARGUMENT)?;
        Ok(Self { since: Instant::now(), devices, courses: Vec::new(), xid: 0 })
    }

    /// Parses the script of other values, which begins with the load.
    pub(crate) fn with_values(self, script: &str) -> Result<Self, Ret> {
        let courses = script.split(';').map(course).collect::<Option<_>>().ok_or(INVALID_ARGUMENT)?;
        Ok(Self { courses, ..self })
    }

    /// Returns the XID error that the script reports since the last call.
    pub(crate) fn next_xid(&mut self) -> Option<u64> {
        let xid = self.current_value(0, "xid", 0);
        let is_new = std::mem::replace(&mut self.xid, xid) != xid;
        Some(xid).filter(|xid| is_new && *xid != 0)
    }

    pub(crate) const fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Returns the current value of `key` for a device, where `base` is the value without load.
    #[expect(clippy::disallowed_methods, reason = "a device runs by real time, whatever clock its reader has")]
    pub(crate) fn current_value(&self, device: usize, key: &str, base: u64) -> u64 {
        self.devices.get(device).map_or(base, |steps| {
            let elapsed = Instant::now().saturating_duration_since(self.since);
            match self.courses.iter().find(|course| course.key == key) {
                Some(course) => course.value_at(base, elapsed),
                None => value_at(steps, key, base, elapsed),
            }
        })
    }
}

impl Course {
    fn value_at(&self, base: u64, elapsed: Duration) -> u64 {
        let now = rounded_millis(elapsed);
        match self.is_added {
            true => base + sum(&self.steps, now, 1_000_000),
            false => thousandths_at(&self.steps, now) / 1_000,
        }
    }
}

fn course(script: &str) -> Option<Course> {
    let (key, script) = script.split_once('=')?;
    let (key, is_added) = key.strip_suffix('+').map_or((key, false), |key| (key, true));
    Some(Course { key: key.trim().to_owned(), is_added, steps: steps(script, MAX_VALUE)? })
}

fn steps(script: &str, limit: u64) -> Option<Vec<Step>> {
    if let Some(thousandths) = thousandths(script, limit) {
        return Some(vec![Step { thousandths, millis: PERIOD }]);
    }
    let step = |text: &str| {
        let (value, millis) = text.split_once(':')?;
        let millis = millis.trim().parse().ok().filter(|millis| (1..=86_400_000).contains(millis))?;
        Some(Step { thousandths: thousandths(value, limit)?, millis })
    };
    script.split(',').map(step).collect()
}

fn thousandths(text: &str, limit: u64) -> Option<u64> {
    text.trim().parse().ok().filter(|value| *value <= limit).map(|value: u64| value * 1_000)
}

/// Returns the milliseconds until the last change of the values.
fn rounded_millis(elapsed: Duration) -> u64 {
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    millis - millis % PERIOD
}

fn value_at(steps: &[Step], key: &str, base: u64, elapsed: Duration) -> u64 {
    let now = rounded_millis(elapsed);
    match key {
        // A thousandth of a watt for a thousandth of a second is a millionth of a joule.
        "energy_mj" => base + sum(steps, now, 1_000),
        "power_instant_mw" => thousandths_at(steps, now),
        "power_mw" => {
            let since = now.saturating_sub(MEAN);
            let energy = sum(steps, now, 1) - sum(steps, since, 1);
            energy.checked_div(now - since).unwrap_or_else(|| thousandths_at(steps, now))
        }
        _ => base,
    }
}

/// Returns the sum of the values of the first `millis` milliseconds, each multiplied by its seconds: in millionths, divided
/// by `unit`.
fn sum(steps: &[Step], millis: u64, unit: u128) -> u64 {
    let product = |step: &Step, millis: u64| u128::from(step.thousandths) * u128::from(millis);
    let cycle_sum: u128 = steps.iter().map(|step| product(step, step.millis)).sum();
    let mut remaining = millis % cycle(steps);
    let partial = steps.iter().map(|step| {
        let time = remaining.min(step.millis);
        remaining -= time;
        product(step, time)
    });
    let total = u128::from(millis / cycle(steps)) * cycle_sum + partial.sum::<u128>();
    u64::try_from(total / unit).unwrap_or(u64::MAX)
}

/// Returns the value after `millis` milliseconds, in thousandths.
fn thousandths_at(steps: &[Step], millis: u64) -> u64 {
    let mut remaining = millis % cycle(steps);
    let step = steps.iter().find(|step| {
        let is_present = remaining < step.millis;
        remaining = remaining.saturating_sub(step.millis);
        is_present
    });
    step.map_or(0, |step| step.thousandths)
}

/// Returns the milliseconds after which a script repeats.
fn cycle(steps: &[Step]) -> u64 {
    steps.iter().map(|step| step.millis).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_after(script: &str, key: &str, millis: u64) -> Option<u64> {
        steps(script, MAX_WATTS).map(|steps| value_at(&steps, key, 1_000_000, Duration::from_millis(millis)))
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
    fn a_second_script_changes_or_adds_to_other_values_of_all_devices() {
        let load =
            Load::start("350;90").and_then(|load| load.with_values("temperature=61:3000,75:1000;ecc+=0:2000,3:1000"));
        let load = load.unwrap();
        let at = |key, millis| {
            let course = load.courses.iter().find(|course| course.key == key).unwrap();
            course.value_at(100, Duration::from_millis(millis))
        };
        assert_eq!([0, 2_999, 3_000, 4_000].map(|millis| at("temperature", millis)), [61, 61, 75, 61]);
        assert_eq!([0, 2_000, 2_400, 3_000, 6_000].map(|millis| at("ecc", millis)), [100, 100, 101, 103, 106]);
        assert!((0..2).all(|device| load.current_value(device, "temperature", 1) == 61));
        assert_eq!(load.current_value(0, "utilization", 37), 37);
    }

    #[test]
    fn an_xid_of_the_second_script_is_reported_once() {
        let mut load = Load::start("350").and_then(|load| load.with_values("xid=13")).unwrap();
        assert_eq!([load.next_xid(), load.next_xid()], [Some(13), None]);
        let mut load = Load::start("350").and_then(|load| load.with_values("xid=0:80000000,13:1000")).unwrap();
        assert_eq!(load.next_xid(), None);
    }

    #[test]
    fn an_invalid_script_is_rejected() {
        for script in ["", "temperature", "temperature=", "temperature=hot", "a=1;", "a=1:0"] {
            let load = Load::start("350").and_then(|load| load.with_values(script));
            assert_eq!(load.err(), Some(INVALID_ARGUMENT), "{script}");
        }
        for script in ["", "much", "-1", "90:", ":100", "90:0", "90,400", "90:100,", "350;", "10001"] {
            assert_eq!(Load::start(script).err(), Some(INVALID_ARGUMENT), "{script}");
        }
        assert_eq!(Load::start("350; 90:2000, 400:1000").map(|load| load.devices()).ok(), Some(2));
    }
}
