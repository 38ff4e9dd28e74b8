use llmobs::llm_span;

struct Response;

#[llm_span(chat, model = "m", stream)]
fn f() -> Response {
    Response
}

#[llm_span(tool, stream)]
fn g() -> Response {
    Response
}

#[llm_span(chat, model = "m", stream, usage = drop)]
fn h() -> Response {
    Response
}

fn main() {
    f();
    g();
    h();
}
