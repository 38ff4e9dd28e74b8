//! Checks everything that the library can export against the conventions' own definitions, in every profile.

mod support;

#[path = "conformance/calls.rs"]
mod calls;
#[path = "conformance/checker.rs"]
mod checker;
#[path = "conformance/gpu.rs"]
mod gpu;
#[path = "conformance/in_memory_sdk.rs"]
mod in_memory_sdk;
#[path = "conformance/pipeline.rs"]
mod pipeline;
#[path = "conformance/requests.rs"]
mod requests;
#[path = "conformance/sampling.rs"]
mod sampling;
#[path = "conformance/scenario.rs"]
mod scenario;
