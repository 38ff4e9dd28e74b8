use llmobs::llm_span;

#[llm_span(chat, model)]
fn f() {}

fn main() {
    f();
}
