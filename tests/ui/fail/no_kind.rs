use llmobs::llm_span;

#[llm_span(model = "m")]
fn f() {}

#[llm_span]
fn g() {}

fn main() {
    f();
    g();
}
