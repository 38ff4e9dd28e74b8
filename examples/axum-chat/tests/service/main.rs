//! Tests the service as its users run it: the real program, over real sockets, measured from outside.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test may fail, and prints what it measured")]

mod admission;
mod canary;
mod content_capture;
mod disconnects;
mod engine;
mod engine_panics;
mod generate;
mod gpu;
mod leaks;
mod limits;
#[cfg(feature = "slow")]
mod model;
mod model_download;
mod otlp_export;
mod page;
mod rejections;
mod responses;
mod shutdown;
mod slow_clients;
mod slow_requests;
mod support;

/// Shows in the list of tests that those of `model` did not run.
#[cfg(not(feature = "slow"))]
#[test]
fn skipped_without_the_feature_slow() {}
