//! A small harness: short rounds, all rivals in turn, medians.
//!
//! It compares, and asserts nothing: a time is a fact of a machine, a ratio within one run is one of the code.

mod callgrind;
mod contest;
mod heap;
mod table;

pub use self::callgrind::instructions;
pub use self::contest::Contest;
pub use self::contest::Results;
pub use self::heap::Heap;
pub use self::table::Table;

use std::time::Duration;
use std::time::Instant;

/// Whether the caller only wants to see that everything runs: `--quick`.
#[must_use]
pub fn is_quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// The time that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures with the system's clock, whatever is measured")]
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Says whether a budget holds.
pub fn budget(what: &str, measured: f64, at_most: f64, unit: &str) {
    let verdict = if measured <= at_most { "met" } else { "MISSED" };
    println!("budget: {what}: {measured:.2}{unit} of at most {at_most}{unit}: {verdict}");
}
