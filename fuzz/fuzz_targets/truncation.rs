//! Any conversation through the gate, under any limits.

#![no_main]

#[path = "../src/truncation.rs"]
mod truncation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| truncation::any_bytes(data));
