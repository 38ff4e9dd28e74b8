//! Every order in which threads can run, for the lock-free times of an operation.
//!
//! The files under test are those of `llmobs`, compiled with loom's atomics in the place of the standard library's.
#![cfg(test)]
#![allow(dead_code, unreachable_pub, reason = "these tests use some of what the library's files hold")]

mod observer;
mod semconv;
mod sync;
mod timing;
