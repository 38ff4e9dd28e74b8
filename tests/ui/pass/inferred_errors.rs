//! Errors whose type only the signature names.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::future::Future;

use futures_util::Stream;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::llm_span;

struct MyError;

struct Delta {
    tokens: u32,
}

fn count(delta: &Delta) -> u32 {
    delta.tokens
}

#[llm_span(chat, model = model, stream, tokens = count)]
async fn chat(model: &str) -> Result<impl Stream<Item = Result<Delta, MyError>>, MyError> {
    Ok(stream::iter([Ok(Delta { tokens: 1 })]))
}

#[llm_span(chat, model = "m", stream, tokens = count)]
fn plain() -> impl Stream<Item = Result<Delta, MyError>> + Send {
    stream::iter([Ok(Delta { tokens: 1 })])
}

#[llm_span(chat, model = "m", stream, tokens = count)]
fn optional() -> Option<impl Stream<Item = Result<Delta, MyError>>> {
    Some(stream::iter([Ok(Delta { tokens: 1 })]))
}

#[llm_span(chat, model = "m", stream)]
fn known() -> impl Stream<Item = Result<Chunk, Failure>> {
    stream::iter([Ok(Chunk::tokens(1))])
}

#[llm_span(chat, model = "m", stream)]
fn future() -> impl Future<Output = Result<impl Stream<Item = Result<&'static str, ErrorType>>, MyError>> {
    async { Ok(stream::iter([Ok("a")])) }
}

#[llm_span(chat, model = "m", stream)]
fn borrowed<'a, T: AsRef<str> + 'a>(text: &'a T) -> impl Stream<Item = Result<&'a str, MyError>> {
    stream::iter([Ok(text.as_ref())])
}

#[llm_span(chat, model = "m", stream, tokens = len)]
fn opaque_items() -> impl Stream<Item = Result<impl AsRef<[u8]>, MyError>> {
    stream::iter([Ok(vec![1])])
}

fn len(bytes: &impl AsRef<[u8]>) -> usize {
    bytes.as_ref().len()
}

#[llm_span(tool, stream)]
async fn step() -> Result<impl Stream<Item = Result<u8, MyError>>, MyError> {
    Ok(stream::iter([Ok(1)]))
}

#[llm_span(chat, model = "m")]
async fn value(text: &str) -> Result<impl AsRef<str>, MyError> {
    let trimmed = text.strip_prefix(' ').ok_or(MyError)?;
    Ok(trimmed.to_owned())
}

pub(crate) fn main() {
    drop(chat("m"));
    drop(plain());
    drop(optional());
    drop(known());
    drop(future());
    drop(borrowed(&"text"));
    drop(opaque_items());
    drop(step());
    drop(value(" text"));
}
