use llmobs::llm_span;

#[llm_span(tool, max_tokens = 1, modle = "m", stream = false, fields(error.type = 1))]
fn f() {}

fn main() {
    f();
}
