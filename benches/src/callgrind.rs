//! Counts instructions, a measure that other load on the machine does not affect.

use std::process::Command;

/// Returns the number of instructions that this program executes with the arguments `--candidate NAME ITERATIONS`.
/// Returns `None` if valgrind is not installed.
///
/// # Panics
///
/// Panics if the output of valgrind has an unexpected format.
#[must_use]
pub fn instructions(candidate: &str, iterations: usize) -> Option<u64> {
    let executable = std::env::current_exe().expect("the path of this program");
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(executable)
        .args(["--candidate", candidate, &iterations.to_string()])
        .output()
        .ok()?;
    let stderr = String::from_utf8_lossy(&valgrind.stderr);
    let instructions =
        stderr.lines().find_map(|line| line.split("Collected : ").nth(1)).expect("the summary line of callgrind");
    Some(instructions.trim().parse().expect("an instruction count"))
}
