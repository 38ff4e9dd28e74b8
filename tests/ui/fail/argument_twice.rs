use llmobs::llm_span;

#[llm_span(chat, model = "m", model = "n")]
fn f() {}

fn main() {
    f();
}
