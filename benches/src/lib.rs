//! A small benchmark harness: short rounds, alternating candidates, medians.
//!
//! The harness compares times and asserts nothing: a time depends on the machine, the ratio of two times within one run
//! mainly on the code.

mod allocator;
mod callgrind;
mod comparison;
mod table;

pub use self::allocator::CountingAllocator;
pub use self::callgrind::instructions;
pub use self::comparison::Comparison;
pub use self::comparison::Results;
pub use self::table::Table;

use std::time::Duration;
use std::time::Instant;

/// Returns whether `--quick` is set: run everything briefly, without meaningful times.
#[must_use]
pub fn is_quick() -> bool {
    std::env::args().any(|argument| argument == "--quick")
}

/// Returns the time that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures with the system's clock")]
pub fn measure_time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Prints whether a measured value is within its budget.
pub fn report_budget(name: &str, measured: f64, budget: f64, unit: &str) {
    let verdict = if measured <= budget { "met" } else { "MISSED" };
    println!("budget: {name}: {measured:.2}{unit} of at most {budget}{unit}: {verdict}");
}
