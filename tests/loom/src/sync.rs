//! Loom's atomics under the names that `llmobs` uses.

pub(crate) use loom::sync::atomic::AtomicU64;
pub(crate) use loom::sync::atomic::Ordering;
