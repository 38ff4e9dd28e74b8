use llmobs::llm_span;

#[llm_span(operation = "Generate Content", model = "m")]
fn f() {}

#[llm_span(operation = "execute_tool")]
fn g() {}

#[llm_span(operation = chat)]
fn h() {}

fn main() {
    f();
    g();
    h();
}
