//! Nothing is taken from the prelude.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]
#![no_implicit_prelude]

#[::llmobs::llm_span(chat, model = "m", provider = "x", conversation = "c", fields(a = "b"))]
fn value() -> ::core::result::Result<u8, ()> {
    ::core::result::Result::Ok(1)
}

#[::llmobs::llm_span(chat, model = "m")]
async fn later() -> ::core::option::Option<u8> {
    ::core::option::Option::None
}

#[::llmobs::llm_span(chat, model = "m", stream)]
fn stream() -> ::core::result::Result<impl ::futures_util::Stream<Item = &'static str>, ()> {
    ::core::result::Result::Ok(::futures_util::stream::iter(["a"]))
}

pub(crate) fn main() {
    ::std::assert!(::std::matches!(value(), ::core::result::Result::Ok(1)));
    ::core::mem::drop(later());
    ::core::mem::drop(stream());
}
