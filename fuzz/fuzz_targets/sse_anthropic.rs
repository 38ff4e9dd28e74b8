//! Fuzzes the decoder with any bytes as an answer of Anthropic's Messages.

#![no_main]

use llmobs_tests::fuzz::sse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| sse::check_answer(sse::Dialect::Anthropic, data));
