use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(tier = %tier))]
fn f(tier: u8) -> u8 {
    tier
}

#[llm_span(chat, model = "m", fields(tier = ?tier))]
fn g(tier: u8) -> u8 {
    tier
}

fn main() {
    f(1);
    g(1);
}
