//! Values that say how the call went, also behind an alias.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::io;

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Usage;
use llmobs::llm_span;

type Answer<T> = Result<T, Failure>;

#[llm_span(chat, model = "m", error_type = classify, usage = usage_of)]
fn with_paths(fails: bool) -> io::Result<String> {
    if fails {
        Err(io::Error::other("x"))?;
    }
    Ok("text".to_owned())
}

fn classify(error: &io::Error) -> ErrorType {
    match error.kind() {
        io::ErrorKind::TimedOut => ErrorType::Timeout,
        _ => ErrorType::Internal,
    }
}

// The argument is coerced, as in any call.
fn usage_of(text: &str) -> Option<Usage> {
    (!text.is_empty()).then(|| Usage::new().output(4))
}

#[llm_span(chat, model = "m")]
fn aliased() -> Answer<u8> {
    Err(Failure::new(ErrorType::Inference))
}

#[llm_span(chat, model = "m")]
fn option(value: Option<u8>) -> Option<u8> {
    let value = value?;
    value.checked_add(1)
}

#[llm_span(tool, error_type = failure)]
fn nested() -> Result<Option<u8>, Box<dyn std::error::Error>> {
    Ok(None)
}

fn failure(error: &dyn std::fmt::Debug) -> Failure {
    let _ = error;
    Failure::new(ErrorType::Tool)
}

pub(crate) fn main() {
    assert!(with_paths(true).is_err());
    assert!(aliased().is_err());
    assert_eq!(option(Some(1)), Some(2));
    assert!(nested().unwrap().is_none());
}
