//! Any text at all through the redactor, whole and in pieces.

#![no_main]

#[path = "../src/redact.rs"]
mod redact;

libfuzzer_sys::fuzz_target!(|data: &[u8]| redact::any_bytes(data));
