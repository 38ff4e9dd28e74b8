use llmobs::llm_span;

#[llm_span(chat, model = "m", tokens = count)]
fn f() -> u32 {
    1
}

fn count(value: &u32) -> u32 {
    *value
}

fn main() {
    f();
    count(&1);
}
