//! Streams that the signature shows.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::pin::Pin;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use futures_util::stream::BoxStream;
use futures_util::stream::LocalBoxStream;
use llmobs::llm_span;

#[llm_span(chat, model = "m", stream)]
fn opaque(count: usize) -> impl Stream<Item = String> + Send + 'static {
    stream::iter((0..count).map(|at| at.to_string()))
}

#[llm_span(chat, model = "m", stream)]
fn borrowed<'a>(parts: &'a [String], _: &str) -> impl Stream<Item = &'a str> + use<'a> {
    stream::iter(parts).map(String::as_str)
}

#[llm_span(chat, model = "m", stream)]
fn pinned() -> Pin<Box<dyn Stream<Item = Result<String, String>> + Send>> {
    Box::pin(stream::iter([Ok("a".to_owned())]))
}

#[llm_span(chat, model = "m", stream)]
fn boxed<'a>(text: &'a str) -> BoxStream<'a, &'a str> {
    stream::iter([text]).boxed()
}

#[llm_span(chat, model = "m", stream)]
fn local(text: &str) -> LocalBoxStream<'_, &str> {
    stream::iter([text]).boxed_local()
}

#[llm_span(chat, model = "m", stream)]
fn unpin() -> Box<dyn Stream<Item = &'static str> + Unpin> {
    Box::new(stream::iter(["a"]))
}

#[llm_span(agent, stream)]
fn steps() -> impl Stream<Item = u8> {
    stream::iter([1, 2])
}

pub(crate) fn main() {
    drop(opaque(2));
    drop(borrowed(&["a".to_owned()], ""));
    drop(pinned());
    drop(boxed("a"));
    drop(local("a"));
    drop(unpin());
    drop(steps());
}
