use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(tier = 1, tier = 2))]
fn f() {}

fn main() {
    f();
}
