//! The attribute `#[llm_span]`. Use the attribute through `llmobs`, which re-exports and documents it.
//!
//! The steps of an expansion: `args` parses the arguments of the attribute, `item` parses the function without its
//! body, `shape` analyses the return type, and `expand` writes the new function. The body remains a sequence of tokens,
//! so compiler errors in the body keep their positions. The code that an expansion calls is in `llmobs::__private`.

mod args;
mod boxed_async;
mod erase;
mod expand;
mod item;
mod metrics_docs;
mod promql;
mod shape;

use proc_macro::TokenStream;

/// Observes a function. The documentation is at `llmobs::llm_span`.
#[proc_macro_attribute]
pub fn llm_span(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), &item.into()).into()
}
