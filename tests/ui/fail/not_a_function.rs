use llmobs::llm_span;

#[llm_span(chat, model = "m")]
struct Engine;

#[llm_span(chat, model = "m")]
impl Engine {
    fn chat(&self) {}
}

fn main() {
    Engine.chat();
}
