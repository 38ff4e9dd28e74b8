use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(all = all))]
fn f(all: Vec<u8>) -> Vec<u8> {
    all
}

fn main() {
    f(vec![]);
}
