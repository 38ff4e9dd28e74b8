//! Arguments that are taken apart, changed or not looked at.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

struct Json<T>(T);

struct Request {
    model: String,
    text: String,
}

#[llm_span(chat, model = request.model)]
async fn handler(Json(request): Json<Request>) -> String {
    std::future::ready(request.text).await
}

#[llm_span(chat, model = model)]
fn deep((model, [first, ..]): (&str, [u8; 3]), _: bool, mut count: u8) -> u8 {
    count += u8::from(model.is_empty());
    count + first
}

pub(crate) fn main() {
    drop(handler(Json(Request { model: "m".to_owned(), text: "t".to_owned() })));
    assert_eq!(deep(("m", [1, 2, 3]), true, 4), 5);
}
