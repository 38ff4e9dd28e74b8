//! Functions that are async.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use futures_util::FutureExt;
use llmobs::llm_span;

#[llm_span(chat, model = model)]
async fn chat(model: String, text: &str) -> Result<usize, std::num::ParseIntError> {
    let number: usize = text.parse()?;
    std::future::ready(()).await;
    Ok(number + model.len())
}

#[llm_span(chat, model = "m")]
async fn to_unit_interval() {
    std::future::ready(()).await;
}

pub(crate) fn main() {
    assert_eq!(chat("m".to_owned(), "41").now_or_never(), Some(Ok(42)));
    assert_eq!(to_unit_interval().now_or_never(), Some(()));
}
