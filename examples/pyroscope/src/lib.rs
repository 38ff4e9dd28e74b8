//! The parts of the example `pyroscope-phases`: `profiler.rs` is the file to copy.

pub mod model;
pub mod profiler;
pub mod receiver;
