//! Re-exports of the standard atomics. The tests in `tests/loom` compile the files that use this module with loom's
//! atomics.

pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::atomic::Ordering;
