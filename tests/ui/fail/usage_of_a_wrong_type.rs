use llmobs::llm_span;

#[llm_span(chat, model = "m", usage = length)]
fn f() -> Result<String, String> {
    Ok(String::new())
}

fn length(text: &String) -> usize {
    text.len()
}

fn main() {
    f().unwrap();
}
