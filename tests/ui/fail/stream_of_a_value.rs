use llmobs::llm_span;

#[llm_span(chat, model = "m", stream)]
fn f() -> Vec<u8> {
    vec![]
}

fn main() {
    f();
}
