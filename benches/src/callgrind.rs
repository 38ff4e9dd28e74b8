//! Counts instructions, a measure that other load on the machine does not affect.

use std::process::Command;

/// Returns the number of instructions that this program executes with the arguments `--rival NAME TURNS`. Returns
/// `None` if valgrind is not installed.
///
/// # Panics
///
/// Panics if the output of valgrind has an unexpected format.
#[must_use]
pub fn instructions(rival: &str, turns: usize) -> Option<u64> {
    let this = std::env::current_exe().expect("a path to this program");
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(this)
        .args(["--rival", rival, &turns.to_string()])
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&valgrind.stderr);
    let collected = said.lines().find_map(|line| line.split("Collected : ").nth(1)).expect("callgrind's summary");
    Some(collected.trim().parse().expect("a number"))
}
