use llmobs::llm_span;

#[llm_span(tool, input = city)]
fn f(city: &str) -> usize {
    city.len()
}

#[llm_span(chat, model = "m", arguments = text, query = text)]
fn g(text: &str) -> usize {
    text.len()
}

#[llm_span(tool, result = |city| city)]
fn h(city: &str) -> usize {
    city.len()
}

fn main() {
    f("");
    g("");
    h("");
}
