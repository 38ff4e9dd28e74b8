//! A call within a call, closures within both.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

#[llm_span(workflow)]
fn outer(text: &str) -> usize {
    #[llm_span(tool)]
    fn inner(text: &str) -> usize {
        let twice = |length: usize| length * 2;
        twice(text.len())
    }
    inner(text)
}

#[llm_span(agent)]
async fn recursive(depth: u8) -> u8 {
    if depth == 0 { 0 } else { 1 + Box::pin(recursive(depth - 1)).await }
}

pub(crate) fn main() {
    assert_eq!(outer("ab"), 4);
    drop(recursive(2));
}
