//! Type parameters, lifetimes, constants and bounds.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::fmt::Display;

use llmobs::llm_span;

#[llm_span(chat, model = "m")]
fn generic<'a, T, const N: usize>(items: &'a [T; N], fallback: &'a T) -> &'a T
where
    T: PartialEq + 'a,
{
    items.first().filter(|item| *item != fallback).unwrap_or(fallback)
}

#[llm_span(chat, model = model.as_ref())]
async fn later<M, F>(model: M, make: F) -> F::Output
where
    M: AsRef<str>,
    F: Future,
{
    let _ = model.as_ref();
    make.await
}

#[llm_span(chat, model = "m")]
fn opaque(shown: impl Display, apply: &dyn Fn(String) -> usize) -> impl Iterator<Item = usize> {
    let length = apply(shown.to_string());
    (0..length).map(|at| at * 2)
}

pub(crate) fn main() {
    assert_eq!(generic(&[1, 2], &1), &1);
    drop(later("m", std::future::ready(1)));
    assert_eq!(opaque(12, &|text| text.len()).collect::<Vec<_>>(), [0, 2]);
}
