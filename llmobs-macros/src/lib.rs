//! The attribute `#[llm_span]`. Use it through `llmobs`, which re-exports and documents it.
//!
//! The way of an attribute: `args` reads what stands in its parentheses, `item` the function without its body,
//! `shape` what the function returns, and `expand` writes the function anew. The body stays a row of tokens, so
//! that the compiler's errors in it point where they always did. What the expansion does is in `llmobs::__private`, as
//! code that can be read.

mod args;
mod boxed_async;
mod erase;
mod expand;
mod item;
mod metrics_docs;
mod shape;

use proc_macro::TokenStream;

/// Observes a function. The documentation stands on `llmobs::llm_span`.
#[proc_macro_attribute]
pub fn llm_span(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::attribute(args.into(), &item.into()).into()
}
