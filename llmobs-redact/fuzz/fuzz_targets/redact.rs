//! Fuzzes the redactor with any text, whole and in chunks.

#![no_main]

use llmobs_tests::fuzz::redact;

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact::check_bytes(data));
