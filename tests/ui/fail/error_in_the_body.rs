use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn mismatched(value: u8) -> u32 {
    let double = value * 2;
    double
}

#[llm_span(chat, model = "m")]
fn unknown() -> u32 {
    let one = 1;
    one + missing
}

#[llm_span(chat, model = "m")]
fn moved(text: String) -> usize {
    drop(text);
    text.len()
}

fn main() {
    mismatched(1);
    unknown();
    moved(String::new());
}
