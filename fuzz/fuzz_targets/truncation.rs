//! Fuzzes the gate with any conversation under any limits.

#![no_main]

use llmobs_tests::fuzz::truncation;

libfuzzer_sys::fuzz_target!(|data: &[u8]| truncation::check_bytes(data));
