//! Fuzzes the gate with any conversation under any limits.

#![no_main]

#[path = "../src/truncation.rs"]
mod truncation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| truncation::check_bytes(data));
