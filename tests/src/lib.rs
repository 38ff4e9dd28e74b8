//! A package of test targets only; see the files beside `Cargo.toml`. The code in pages of the guide runs as doctests.

#[cfg(doctest)]
#[doc = include_str!("../../llmobs/docs/guide/privacy.md")]
mod privacy {}
