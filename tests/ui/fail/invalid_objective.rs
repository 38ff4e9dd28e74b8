use llmobs::llm_span;

#[llm_span(chat, model = "m", objective())]
fn f() {}

#[llm_span(chat, model = "m", objective)]
fn g() {}

#[llm_span(chat, model = "m", objective(latency = "1s"))]
fn h() {}

#[llm_span(chat, model = "m", objective(ttft = "1s", target = 99.0))]
fn i() {}

fn main() {
    f();
    g();
    h();
    i();
}
