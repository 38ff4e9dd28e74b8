use llmobs::llm_span;

#[llm_span(chat, model = "m", observer = name)]
fn f(name: &str) -> usize {
    name.len()
}

fn main() {
    f("a");
}
