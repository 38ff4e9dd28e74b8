//! Atomics, under one name: the tests of `tests/loom` compile the files that use them with loom's.

pub(crate) use std::sync::atomic::AtomicU64;
pub(crate) use std::sync::atomic::Ordering;
