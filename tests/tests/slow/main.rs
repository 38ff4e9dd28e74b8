//! The tests that need an installed or downloaded program, or minutes.
//!
//! `cargo test -p llmobs-tests --features slow --test slow` runs them.

#[cfg(feature = "slow")]
mod complexity;
#[cfg(all(feature = "slow", feature = "otlp"))]
mod export_faults;
#[cfg(feature = "slow")]
mod exposition;
#[cfg(all(feature = "slow", feature = "otlp"))]
mod rotel_collector;

/// Shows in the list of tests that those of this binary did not run.
#[cfg(not(feature = "slow"))]
#[test]
fn skipped_without_the_feature_slow() {}
