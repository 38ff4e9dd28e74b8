//! The time of the processors that other programs took, from `/proc`.

use std::fs;

/// Processor time since the start of the machine, in ticks.
#[derive(Debug)]
pub(super) struct Ticks {
    /// The time of all processors.
    all: f64,
    /// The time in which they worked.
    busy: f64,
    /// The time of the measured program.
    measured: f64,
    /// The time of this program.
    own: f64,
}

/// Ticks in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Reads the times; `pid` is the measured program.
pub(super) fn read(pid: u32) -> Result<Ticks, String> {
    let text = read_file("/proc/stat")?;
    let first = text.lines().next().unwrap_or_default();
    let numbers: Vec<f64> = first.split_whitespace().skip(1).filter_map(|number| number.parse().ok()).collect();
    let idle: f64 = numbers.iter().skip(3).take(2).sum();
    // The last two numbers, guests, are parts of the first two.
    let all: f64 = numbers.iter().take(8).sum();
    let measured = of_process(&pid.to_string())?;
    Ok(Ticks { all, busy: all - idle, measured, own: of_process("self")? })
}

/// Returns the ticks of a process.
fn of_process(pid: &str) -> Result<f64, String> {
    let text = read_file(&format!("/proc/{pid}/stat"))?;
    // The name of the program is in parentheses and may contain spaces.
    let fields = text.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    Ok(fields.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<f64>().ok()).sum())
}

fn read_file(path: &str) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))
}

impl Ticks {
    /// Returns the seconds that the measured program took since an earlier reading.
    pub(super) fn measured_since(&self, earlier: &Self) -> f64 {
        (self.measured - earlier.measured) / TICKS
    }

    /// Returns the share of all processors that other programs took since an earlier reading, from 0 to 1.
    pub(super) fn others_since(&self, earlier: &Self) -> f64 {
        let others = (self.busy - earlier.busy) - (self.measured - earlier.measured) - (self.own - earlier.own);
        (others / (self.all - earlier.all)).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_others_is_the_busy_time_without_the_own() {
        let earlier = Ticks { all: 100.0, busy: 50.0, measured: 0.0, own: 10.0 };
        let later = Ticks { all: 300.0, busy: 200.0, measured: 40.0, own: 20.0 };
        assert!((later.others_since(&earlier) - 0.5).abs() < 1e-9);
        assert!((later.measured_since(&earlier) - 0.4).abs() < 1e-9);
    }

    #[test]
    fn the_present_process_has_a_time() {
        let ticks = read(std::process::id()).unwrap();
        assert!(ticks.all >= ticks.busy && ticks.busy > 0.0);
    }
}
