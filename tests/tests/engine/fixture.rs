//! An observer on a manual clock.

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

pub(crate) fn observer(level: Level) -> (Observer, ManualClock) {
    let (clock, hand) = Clock::manual();
    (Observer::builder().model("m").level(level).clock(clock).build().unwrap(), hand)
}

/// Returns a counter or gauge, summed over the series with these attributes.
pub(crate) fn value(observer: &Observer, name: &str, attributes: &[(&str, &str)]) -> f64 {
    Readings::new(observer).value(name, attributes)
}

/// Returns whether a metric has no series.
pub(crate) fn is_absent(observer: &Observer, name: &str) -> bool {
    Readings::new(observer).series(name).is_empty()
}
