//! Counts of instructions, which no neighbour on the machine can change.

use std::process::Command;

/// All instructions that this program takes when it is asked for so many turns of a rival, with the arguments
/// `--rival NAME TURNS`. None where valgrind is not installed.
///
/// # Panics
///
/// If valgrind says something else than it does.
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
