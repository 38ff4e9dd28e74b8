//! Fuzzes the decoder with any bytes as the answer of a provider.

#![no_main]

use llmobs_tests::fuzz::sse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sse::check_bytes(data));
