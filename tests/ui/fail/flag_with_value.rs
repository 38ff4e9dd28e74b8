use llmobs::llm_span;

#[llm_span(chat, model = "m", stream = true)]
fn f() {}

fn main() {
    f();
}
