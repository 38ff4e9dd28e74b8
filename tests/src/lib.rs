//! Shares code between test programs: back ends in memory, an OTLP collector, the checks of the conventions, random
//! traffic, and programs to test against.
//!
//! The modules that need more of llmobs or heavy dependencies are behind features: a package that uses one module must
//! not get what the others need.

#![allow(clippy::new_without_default, reason = "a test says what it creates")]

#[cfg(feature = "telemetry")]
pub mod admission_traffic;
pub mod allocator;
#[cfg(feature = "callsites")]
pub mod callsites;
#[cfg(feature = "collector")]
pub mod collector;
#[cfg(feature = "telemetry")]
pub mod conventions;
#[cfg(feature = "telemetry")]
pub mod engine_traffic;
#[cfg(feature = "telemetry")]
pub mod event_recorder;
pub mod fake_library;
#[cfg(feature = "page")]
pub mod families;
#[cfg(feature = "fuzz")]
pub mod fuzz;
#[cfg(feature = "client")]
pub mod http_client;
#[cfg(feature = "collector")]
pub mod leaks;
pub mod macro_pairs;
pub mod metrics_page;
#[cfg(feature = "telemetry")]
pub mod otel_backend;
#[cfg(feature = "telemetry")]
pub mod prometheus_names;
#[cfg(feature = "page")]
pub mod prometheus_page;
pub mod python_package;
pub mod random;
#[cfg(feature = "telemetry")]
pub mod requests;
#[cfg(feature = "telemetry")]
pub mod schemas;
#[cfg(feature = "telemetry")]
pub mod semconv;
pub mod temp_dir;
pub mod text_buffer;
#[cfg(feature = "telemetry")]
pub mod tracing_backend;
#[cfg(feature = "telemetry")]
pub mod traffic;
#[cfg(feature = "client")]
pub mod waiting;
