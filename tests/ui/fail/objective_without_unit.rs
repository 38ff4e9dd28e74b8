use llmobs::llm_span;

#[llm_span(chat, model = "m", objective(ttft = "500"))]
fn f() {}

#[llm_span(chat, model = "m", objective(ttft = 500))]
fn g() {}

fn main() {
    f();
    g();
}
