use llmobs::llm_span;

#[llm_span(chat, model = request.model)]
fn f(reqest: &str) -> usize {
    reqest.len()
}

#[llm_span(chat, model = "m", error_type = missing)]
fn g() -> Result<(), String> {
    Ok(())
}

fn main() {
    f("a");
    g().unwrap();
}
