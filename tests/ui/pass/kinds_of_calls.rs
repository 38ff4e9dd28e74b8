//! Every call of a model.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn chat(text: &str) -> usize {
    text.len()
}

#[llm_span(text_completion, model = "m")]
fn complete(text: String) -> String {
    text + "!"
}

#[llm_span(embeddings, model = "m")]
fn embed(texts: &[&str]) -> Vec<f32> {
    texts.iter().map(|_| 0.5).collect()
}

#[llm_span(operation = "generate_content", model = "m")]
fn generate() {}

pub(crate) fn main() {
    assert_eq!(chat("four"), 4);
    assert_eq!(complete("a".to_owned()), "a!");
    assert_eq!(embed(&["a", "b"]).len(), 2);
    generate();
}
