use llmobs::llm_span;

trait Model {
    #[llm_span(chat, model = "m")]
    fn chat(&self);
}

impl Model for () {
    fn chat(&self) {}
}

fn main() {
    ().chat();
}
