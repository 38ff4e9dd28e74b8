//! Tests the gateway as its users run it: the real program between real clients and real servers, over real sockets.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test may fail, and prints what it measured")]

mod agreement;
mod content;
mod costs;
mod failover;
mod labels;
#[cfg(feature = "slow")]
mod llama;
mod openai;
mod outcomes;
mod pass_through;
mod support;

/// Shows in the list of tests that those of `llama` did not run.
#[cfg(not(feature = "slow"))]
#[test]
fn skipped_without_the_feature_slow() {}
