use std::future::Ready;

use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn f() -> Ready<u8> {
    std::future::ready(1)
}

fn main() {
    drop(f());
}
