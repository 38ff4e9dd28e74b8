use llmobs::ErrorType;
use llmobs::llm_span;

#[llm_span(chat, model = "m", error_type = |_| ErrorType::Internal)]
fn f() -> Result<(), String> {
    Ok(())
}

#[llm_span(chat, model = "m", usage = 3)]
fn g() {}

fn main() {
    f().unwrap();
    g();
}
