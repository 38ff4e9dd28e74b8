//! Streams that may not come.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use futures_util::stream::BoxStream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Usage;
use llmobs::llm_span;
use llmobs::stream::Producer;

struct Delta {
    tokens: u32,
}

fn chunk(delta: &Delta) -> Chunk {
    Chunk::tokens(delta.tokens)
}

fn usage(delta: &Delta) -> Option<Usage> {
    (delta.tokens > 9).then(|| Usage::new().output(delta.tokens))
}

fn classify<E>(_error: &E) -> ErrorType {
    ErrorType::Upstream
}

#[llm_span(
    chat,
    model = "m",
    stream,
    tokens = chunk,
    usage = usage,
    error_type = classify,
    producer = Producer::Pull,
)]
async fn fallible(present: bool) -> Result<impl Stream<Item = Result<Delta, u8>>, String> {
    if !present {
        return Err("no".to_owned());
    }
    Ok(stream::iter([Ok(Delta { tokens: 1 }), Err(7)]))
}

#[llm_span(chat, model = "m", stream)]
fn optional(present: bool) -> Option<BoxStream<'static, &'static str>> {
    present.then(|| stream::iter(["a"]).boxed())
}

#[llm_span(chat, model = "m", stream, tokens = Vec::len_of)]
fn by_method() -> std::io::Result<impl Stream<Item = Vec<u8>>> {
    Ok(stream::iter([vec![1]]))
}

trait LenOf {
    fn len_of(&self) -> u32;
}

impl LenOf for Vec<u8> {
    fn len_of(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }
}

pub(crate) fn main() {
    drop(fallible(true));
    drop(optional(true));
    drop(by_method());
}
