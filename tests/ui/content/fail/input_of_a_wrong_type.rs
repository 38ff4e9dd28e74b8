use llmobs::llm_span;

struct Request {
    text: String,
}

#[llm_span(chat, model = "m", input = request)]
fn f(request: Request) -> String {
    request.text
}

#[llm_span(retrieval, query = 7)]
fn g() {}

#[llm_span(tool, arguments = "city", result = count)]
fn h(text: &str) -> usize {
    text.len()
}

fn count(count: &usize) -> usize {
    *count
}

fn main() {
    f(Request { text: String::new() });
    g();
    h("");
}
