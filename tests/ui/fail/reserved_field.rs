use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(gen_ai.input.messages = "secret"))]
fn f() {}

#[llm_span(chat, model = "m", fields("error.type" = "mine"))]
fn g() {}

fn main() {
    f();
    g();
}
