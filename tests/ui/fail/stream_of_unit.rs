use llmobs::llm_span;

#[llm_span(chat, model = "m", stream)]
async fn f() {}

fn main() {
    drop(f());
}
