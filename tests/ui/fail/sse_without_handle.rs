use llmobs::llm_span;

struct Sse<S>(S);

#[llm_span(chat, model = "m", stream)]
async fn f() -> Sse<u8> {
    Sse(1)
}

fn main() {
    drop(f());
}
