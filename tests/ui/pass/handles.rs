//! The operation, lent to the body.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::thread;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::llm_span;

#[llm_span(chat, model = "m", handle = call)]
fn marked() -> Result<u8, ErrorType> {
    let marker = call.marker();
    let thread = thread::spawn(move || marker.finish_reason(FinishReason::Stop));
    thread.join().map_err(|_| ErrorType::Internal)?;
    Ok(1)
}

#[llm_span(chat, model = "m", handle = call)]
async fn taken(returns_early: bool) -> Option<u8> {
    if returns_early {
        return None;
    }
    std::future::ready(()).await;
    call.take().complete();
    Some(1)
}

#[llm_span(chat, model = "m", handle = call)]
fn boxed() -> futures_util::future::BoxFuture<'static, u8> {
    Box::pin(async move {
        call.marker().scheduled();
        1
    })
}

pub(crate) fn main() {
    assert_eq!(marked(), Ok(1));
    drop(taken(true));
    drop(boxed());
}
