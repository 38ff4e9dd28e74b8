use llmobs::llm_span;

#[llm_span(chat, modle = "m")]
fn f() {}

fn main() {
    f();
}
