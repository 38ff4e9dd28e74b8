use llmobs::llm_span;

#[llm_span(chat, model = "m", input = text)]
fn f(text: String) -> String {
    text
}

#[llm_span(tool, arguments = city, result = weather)]
fn g(city: &str) -> usize {
    city.len()
}

fn weather(rain: &usize) -> usize {
    *rain
}

#[llm_span(retrieval, query = query)]
fn h(query: &str) -> usize {
    query.len()
}

fn main() {
    f(String::new());
    g("");
    h("");
}
