use llmobs::llm_span;

#[llm_span(chat, model = "m", max_tokens = 0.5)]
fn f() {}

#[llm_span(chat, model = "m", conversation = 7)]
fn g() {}

#[llm_span(chat, model = "m", provider = 7)]
fn h() {}

fn main() {
    f();
    g();
    h();
}
