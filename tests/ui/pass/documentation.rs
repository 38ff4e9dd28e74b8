//! The queries are documentation too.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

#[llm_span(chat, model = "m", docs)]
pub(crate) fn undocumented() {}

/// It has a line of its own.
#[llm_span(embeddings, model = std::env::var("MODEL").unwrap_or_default(), docs)]
pub(crate) fn documented() {}

pub(crate) fn main() {
    undocumented();
    documented();
}
