//! A small benchmark harness: short rounds, alternating rivals, medians.
//!
//! The harness compares times and asserts nothing: a time depends on the machine, the ratio of two times within one run
//! mainly on the code.

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

/// Returns whether `--quick` is set: run everything briefly, without meaningful times.
#[must_use]
pub fn is_quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// Returns the time that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures with the system's clock, whatever is measured")]
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Prints whether a measured value is within its budget.
pub fn budget(what: &str, measured: f64, at_most: f64, unit: &str) {
    let verdict = if measured <= at_most { "met" } else { "MISSED" };
    println!("budget: {what}: {measured:.2}{unit} of at most {at_most}{unit}: {verdict}");
}
