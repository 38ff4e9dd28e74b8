use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn f() {
    __llmobs_operation.complete();
}

fn main() {
    f();
}
