//! A future that could be sent still can, and one that could not still cannot be asked to.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::rc::Rc;

use futures_util::Stream;
use futures_util::stream;
use llmobs::llm_span;

#[llm_span(chat, model = model)]
async fn chat(model: String) -> usize {
    std::future::ready(()).await;
    model.len()
}

#[llm_span(chat, model = "m", stream)]
async fn streamed() -> Result<impl Stream<Item = &'static str>, String> {
    Ok(stream::iter(["a"]))
}

#[llm_span(chat, model = "m")]
async fn local(shared: Rc<u8>) -> u8 {
    std::future::ready(()).await;
    *shared
}

const fn is_send<T: Send>(_value: &T) {}

pub(crate) fn main() {
    is_send(&chat("m".to_owned()));
    is_send(&streamed());
    drop(local(Rc::new(1)));
}
