use llmobs::ErrorType;
use llmobs::llm_span;

#[llm_span(chat, model = "m", error_type = text)]
fn gives() -> Result<(), String> {
    Ok(())
}

fn text(error: &String) -> String {
    error.clone()
}

#[llm_span(chat, model = "m", error_type = of_number)]
fn takes() -> Result<(), String> {
    Ok(())
}

fn of_number(_error: &u8) -> ErrorType {
    ErrorType::Internal
}

fn main() {
    gives().unwrap();
    takes().unwrap();
}
