use llmobs::llm_span;

#[llm_span(chat, model = number)]
fn f(number: u32) -> u32 {
    number
}

#[llm_span(chat, model = name)]
fn g(name: Option<String>) -> Option<String> {
    name
}

fn main() {
    f(1);
    g(None);
}
