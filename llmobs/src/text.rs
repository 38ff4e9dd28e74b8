//! Truncation of text, and formatting without an allocation.

use std::fmt;

/// Returns the longest prefix of at most `max_bytes` bytes that ends at a character boundary.
pub(crate) fn prefix(text: &str, max_bytes: usize) -> &str {
    // Not `floor_char_boundary`, which needs Rust 1.91.
    let mut end = max_bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Returns a value that formats itself by calling `write`. Not `std::fmt::from_fn`, which needs Rust 1.93.
pub(crate) const fn display_fn<F>(write: F) -> impl fmt::Display
where
    F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
{
    DisplayFn(write)
}

struct DisplayFn<F>(F);

impl<F> fmt::Display for DisplayFn<F>
where
    F: Fn(&mut fmt::Formatter<'_>) -> fmt::Result,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.0)(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_character_boundary() {
        let text = "a\u{df}\u{20ac}";
        let prefixes = ["", "a", "a", "a\u{df}", "a\u{df}", "a\u{df}", text, text];
        for (max_bytes, expected) in prefixes.into_iter().enumerate() {
            assert_eq!(prefix(text, max_bytes), expected, "{max_bytes}");
        }
        assert_eq!(prefix("", usize::MAX), "");
    }
}
