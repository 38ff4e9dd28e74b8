//! Everything that a field may be.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::borrow::Cow;
use std::sync::Arc;

use llmobs::llm_span;

#[llm_span(
    chat,
    model = "m",
    fields(
        number = 1_u8,
        signed = -1_i64,
        size = text.len(),
        ratio = 0.5_f32,
        yes = true,
        text = "text",
        owned = String::from("text"),
        cow = Cow::Borrowed("text"),
        shared = shared,
        missing = None::<u8>,
        there = Some(&"x"),
        dotted.name.type = 1_u64,
        "quoted-name" = 2,
    )
)]
fn fields(text: &str, shared: Arc<str>) -> usize {
    text.len() + shared.len()
}

#[llm_span(tool, fields())]
fn none() {}

pub(crate) fn main() {
    assert_eq!(fields("a", "b".into()), 2);
    none();
}
