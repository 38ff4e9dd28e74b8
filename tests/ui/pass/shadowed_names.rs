//! Nothing that the user calls `Result`, `Ok`, `Some` or `std` comes between.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]
#![allow(dead_code, non_camel_case_types, reason = "the names are the test")]

use llmobs::llm_span;

mod std {}

mod core {}

mod llmobs_private {}

struct Result;

struct Option;

struct Box;

struct Ok;

struct Err;

struct Some;

struct None;

struct String;

struct Future;

struct Send;

trait Into {}

#[llm_span(chat, model = "m", fields(a = 1), max_tokens = 4, objective(ttft = "1s"))]
fn value() -> Result {
    Result
}

#[llm_span(chat, model = "m", handle = call)]
async fn later() -> ::core::result::Result<Option, Err> {
    let _ = call.marker();
    ::core::result::Result::Ok(Option)
}

#[llm_span(tool)]
fn step() -> ::core::option::Option<Some> {
    ::core::option::Option::Some(Some)
}

#[llm_span(chat, model = "m", stream)]
fn stream() -> ::futures_util::stream::BoxStream<'static, &'static str> {
    ::futures_util::StreamExt::boxed(::futures_util::stream::iter(["a"]))
}

pub(crate) fn main() {
    let _ = value();
    drop(later());
    let _ = step();
    drop(stream());
}
