//! Readings of this process from the files of Linux in `/proc`, without a dependency: three files and one folder. Each
//! function returns `None` if its value cannot be read, as on other systems.

use std::fs;

use crate::number::count_to_f64;

/// The unit of times in `/proc`: `USER_HZ`, which is 100 in a second on each architecture of Linux that Rust supports.
const TICKS_PER_SECOND: f64 = 100.0;

/// The positions in `/proc/self/stat` after the name of the program, which may contain spaces: fields 14, 15 and 22 of
/// proc(5), counted from field 3.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
const START_TIME: usize = 19;

/// Returns the CPU time of all threads in user and in system mode, in seconds.
pub(super) fn cpu_times() -> Option<[f64; 2]> {
    let stat = read("/proc/self/stat")?;
    Some([seconds_at(&stat, USER_TIME)?, seconds_at(&stat, SYSTEM_TIME)?])
}

/// Returns the physical memory that the process uses (`VmRSS`), in bytes.
pub(super) fn memory() -> Option<f64> {
    let status = read("/proc/self/status")?;
    let value = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(value.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? * 1_024.0)
}

/// Returns the time since the start of the process, in seconds. `None` if the system states an uptime of its own
/// that is shorter, as some containers do.
pub(super) fn uptime() -> Option<f64> {
    let started = seconds_at(&read("/proc/self/stat")?, START_TIME)?;
    let of_system: f64 = read("/proc/uptime")?.split(' ').next()?.parse().ok()?;
    Some(of_system - started).filter(|uptime| *uptime >= 0.0)
}

/// Returns the number of open file descriptors, without the one that reads the folder.
pub(super) fn open_files() -> Option<f64> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    Some(count_to_f64(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1)))
}

fn read(path: &str) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    fs::read_to_string(path).ok()
}

/// Returns a time of `/proc/self/stat` in seconds.
fn seconds_at(stat: &str, position: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').nth(position)?.parse::<f64>().ok()? / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_spaces_and_brackets_does_not_move_the_fields() {
        let stat = "42 (a) b (c d) S 1 42 42 0 -1 4194304 100 0 0 0 150 25 0 0 20 0 1 0 12345 1000 200\n";
        let seconds = [USER_TIME, SYSTEM_TIME, START_TIME].map(|position| seconds_at(stat, position));
        assert_eq!(seconds, [Some(1.5), Some(0.25), Some(123.45)]);
        assert_eq!(seconds_at("42 (a", START_TIME), None);
        assert_eq!(seconds_at("42 (a) S 1", START_TIME), None);
    }
}
