//! Loom's atomics, under the name of those of `llmobs`.

pub(crate) use loom::sync::atomic::AtomicU64;
pub(crate) use loom::sync::atomic::Ordering;
