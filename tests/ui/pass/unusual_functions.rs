//! Functions that are unsafe, foreign or raw.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

/// # Safety
///
/// The pointer points to a number.
#[llm_span(tool)]
unsafe fn read(pointer: *const u8) -> u8 {
    // SAFETY: the caller promised it.
    unsafe { *pointer }
}

#[llm_span(tool)]
extern "C" fn callback(number: i32) -> i32 {
    number + 1
}

#[llm_span(tool)]
fn r#match(r#type: u8) -> u8 {
    r#type
}

#[llm_span(tool, name = "renamed")]
#[must_use]
#[inline]
fn attributed(#[allow(unused_variables, reason = "the test")] unused: u8) -> u8 {
    1
}

pub(crate) fn main() {
    let number = 7;
    // SAFETY: it does.
    assert_eq!(unsafe { read(&raw const number) }, 7);
    assert_eq!(callback(1), 2);
    assert_eq!(r#match(3), 3);
    assert_eq!(attributed(3), 1);
}
