use llmobs::llm_span;

#[llm_span(chat, tool)]
fn f() {}

fn main() {
    f();
}
