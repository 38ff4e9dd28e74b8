//! Checks everything that the library can export against the conventions' own definitions, in every profile.

mod support;

#[path = "conformance/bytes.rs"]
mod bytes;
#[path = "conformance/calls.rs"]
mod calls;
#[path = "conformance/checker.rs"]
mod checker;
#[path = "conformance/drive.rs"]
mod drive;
#[path = "conformance/gpu.rs"]
mod gpu;
#[path = "conformance/requests.rs"]
mod requests;
#[path = "conformance/sampling.rs"]
mod sampling;
#[path = "conformance/wire.rs"]
mod wire;
