use llmobs::llm_span;

#[llm_span(chat, model = "m")]
async fn mismatched(value: u8) -> Result<u32, String> {
    let double = value * 2;
    Ok(double)
}

#[llm_span(chat, model = "m")]
async fn empty() -> u32 {}

#[llm_span(chat, model = "m")]
async fn question() -> Result<u32, u8> {
    let number: u32 = "1".parse()?;
    Ok(number)
}

fn main() {
    drop((mismatched(1), empty(), question()));
}
