//! Fuzzes the decoder with any bytes as an answer of Gemini.

#![no_main]

use llmobs_tests::fuzz::sse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sse::check_answer(sse::Dialect::Gemini, data));
