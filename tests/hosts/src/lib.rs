//! Shared parts of the tests of hosts: an upstream with scripted answers, a caller, and the telemetry of a host as its
//! own exporters receive it.

pub mod caller;
pub mod spans;
pub mod telemetry;
pub mod upstream;

/// Compiles the blocks of the guide here, because llmobs does not depend on reqwest.
#[cfg(doctest)]
#[doc = include_str!("../../../llmobs/docs/guide/reqwest.md")]
pub mod reqwest_guide {}
