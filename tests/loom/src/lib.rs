//! Loom tests of the lock-free times of an operation, of the time spent recently and of the events of a window, in every
//! order in which threads can run.
//!
//! The tested files are those of `llmobs`, compiled with loom's atomics instead of the standard library's.
#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "these tests use a part of the library's files")]

mod observer;
mod semconv;
mod sync;
mod timing;
