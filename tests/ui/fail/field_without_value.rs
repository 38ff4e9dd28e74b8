use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(tier))]
fn f(tier: u8) -> u8 {
    tier
}

#[llm_span(chat, model = "m", fields = 1)]
fn g() {}

fn main() {
    f(1);
    g();
}
