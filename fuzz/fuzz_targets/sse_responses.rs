//! Fuzzes the decoder with any bytes behind the beginning of an event of OpenAI's Responses.

#![no_main]

use llmobs_tests::fuzz::sse;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((settings, answer)) = data.split_at_checked(3) else { return };
    sse::check_answer(sse::Dialect::OpenAi, &[settings, b"data: {\"type\":\"response.", answer].concat());
});
