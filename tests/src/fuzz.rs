//! The bodies of the fuzz targets in `fuzz/`. The tests run them too, from seeds.

pub mod redact;
pub mod sse;
pub mod truncation;
