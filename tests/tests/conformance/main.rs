//! Checks everything that the library can export against the conventions' own definitions, in every profile.

mod calls;
mod checker;
mod gpu;
mod in_memory_sdk;
#[cfg(feature = "otlp")]
mod pipeline;
mod registry;
mod requests;
mod sampling;
mod scenario;
mod sensitivity;
