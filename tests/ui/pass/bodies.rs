//! Bodies of every kind keep their meaning, and give no warning.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn one_expression(value: u8) -> u8 {
    value
}

#[llm_span(chat, model = "m")]
async fn one_async_expression(value: u8) -> u8 {
    value
}

#[llm_span(chat, model = "m")]
fn empty() {}

#[llm_span(chat, model = "m")]
async fn empty_async() {}

#[llm_span(chat, model = "m")]
fn inner_attributes() -> u32 {
    #![allow(clippy::unreadable_literal, reason = "the test")]
    1000000
}

#[llm_span(chat, model = "m")]
async fn only_panics() -> u8 {
    panic!("no")
}

#[llm_span(chat, model = "m")]
fn items() -> u8 {
    const ONE: u8 = 1;
    fn two() -> u8 {
        2
    }
    ONE + two()
}

#[llm_span(chat, model = "m")]
fn loops(limit: u8) -> Option<u8> {
    for at in 0..limit {
        if at == 3 {
            return at.checked_add(1);
        }
    }
    None
}

#[llm_span(chat, model = "m")]
fn inferred(text: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    text.split(',').map(|part| Ok(part.parse()?)).collect()
}

#[llm_span(chat, model = "m")]
async fn inferred_later(text: &str) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    text.split(',').map(|part| Ok(part.parse()?)).collect()
}

pub(crate) fn main() {
    assert_eq!(one_expression(1), 1);
    empty();
    assert_eq!(inner_attributes(), 1_000_000);
    assert_eq!(items(), 3);
    assert_eq!(loops(9), Some(4));
    assert_eq!(inferred("1,2").unwrap(), [1, 2]);
    drop((one_async_expression(1), empty_async(), only_panics(), inferred_later("1")));
}
