use llmobs::Content;
use llmobs::llm_span;

#[llm_span(chat, model = "m", fields(prompt = prompt))]
fn f(prompt: Content<String>) {
    drop(prompt);
}

#[llm_span(chat, model = "m", fields(prompt = prompt.as_ref()))]
fn g(prompt: Option<Content<String>>) {
    drop(prompt);
}

fn main() {
    f(Content::new("secret".to_owned()));
    g(None);
}
