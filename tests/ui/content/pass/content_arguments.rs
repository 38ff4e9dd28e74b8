//! Every type that the content arguments accept.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::Content;
use llmobs::ErrorType;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::llm_span;

struct Request {
    text: String,
}

impl From<&Request> for Input {
    fn from(request: &Request) -> Self {
        request.text.as_str().into()
    }
}

#[llm_span(chat, model = "m", input = text)]
fn text(text: String) -> String {
    text
}

#[llm_span(text_completion, model = "m", input = text)]
async fn borrowed(text: &str) -> Result<&str, ErrorType> {
    Ok(text)
}

#[llm_span(operation = "generate_content", model = "m", input = request)]
fn custom(request: Request) -> usize {
    request.text.len()
}

#[llm_span(chat, model = "m", input = Input::new().system("Be kind.").message(Message::user(request.text.as_str())))]
fn explicit(request: &Request) -> Option<String> {
    Some(request.text.clone())
}

#[llm_span(embeddings, model = "m", input = texts.iter().map(|text| Message::user(*text)).collect::<Vec<_>>())]
fn embed(texts: &[&str]) -> Vec<f32> {
    texts.iter().map(|_| 0.5).collect()
}

#[llm_span(chat, model = "m", input = text)]
fn generic<T: Clone + Into<Input>>(text: T) -> T {
    text
}

#[llm_span(retrieval, query = query, name = "docs")]
fn search(query: String) -> String {
    query
}

#[llm_span(retrieval, query = query.clone(), name = "docs")]
fn sealed(query: &Content<String>) -> bool {
    drop(query.clone());
    true
}

pub(crate) fn main() {
    let request = || Request { text: "hello".to_owned() };
    assert_eq!(text("hello".to_owned()), "hello");
    drop(borrowed("hello"));
    assert_eq!(custom(request()), 5);
    assert!(explicit(&request()).is_some());
    assert_eq!(embed(&["a", "b"]).len(), 2);
    assert_eq!(generic("hello"), "hello");
    assert_eq!(search("who?".to_owned()), "who?");
    assert!(sealed(&Content::new("who?".to_owned())));
}
