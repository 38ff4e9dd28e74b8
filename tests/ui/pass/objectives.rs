//! What a good call is.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

#[llm_span(chat, model = "m", objective(ttft = "500ms", tpot = "50ms"))]
fn default_name() {}

#[llm_span(chat, model = "m", objective(name = "batch", gap = "1.5s", duration = "2m", target = 0.9))]
async fn explicit_name() {}

pub(crate) fn main() {
    default_name();
    drop(explicit_name());
}
