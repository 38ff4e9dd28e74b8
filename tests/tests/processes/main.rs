//! Tests of actions that a process can do only once: a global subscriber, variables that are read at the start, an
//! abort, a kill. Each case runs in a child process: this test binary, started again for one test.

#[cfg(target_os = "linux")]
mod metrics;
#[cfg(feature = "otlp")]
mod otlp_init;
mod pseudonym;
#[cfg(unix)]
mod records;
mod unwinding;
