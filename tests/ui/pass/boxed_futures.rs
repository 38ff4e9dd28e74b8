//! Functions that return futures.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::future::LocalBoxFuture;
use llmobs::llm_span;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[llm_span(chat, model = model)]
fn pinned<'a>(model: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, String>> + Send + 'a>> {
    Box::pin(async move {
        let length = std::future::ready(model.len()).await;
        if length == 0 {
            return Err("empty".to_owned());
        }
        Ok(length)
    })
}

#[llm_span(chat, model = "m")]
fn early_return(text: &str) -> BoxFuture<'_, usize> {
    if text.is_empty() {
        return Box::pin(async { 0 });
    }
    let trimmed = text.trim();
    async move { trimmed.len() }.boxed()
}

#[llm_span(chat, model = "m")]
fn local(text: std::rc::Rc<str>) -> LocalBoxFuture<'static, usize> {
    Box::pin(async move { text.len() })
}

#[llm_span(chat, model = "m")]
fn opaque(text: &str) -> impl Future<Output = usize> + use<'_> {
    async move { text.len() }
}

fn aliased(text: &str) -> Boxed<'_, Result<usize, String>> {
    pinned(text)
}

pub(crate) fn main() {
    assert_eq!(aliased("four").now_or_never(), Some(Ok(4)));
    assert_eq!(early_return(" a ").now_or_never(), Some(1));
    assert_eq!(local("four".into()).now_or_never(), Some(4));
    assert_eq!(opaque("four").now_or_never(), Some(4));
}
