//! Fuzzes the redactor with any text, whole and in chunks.

#![no_main]

#[path = "../src/redact.rs"]
mod redact;

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact::check_bytes(data));
