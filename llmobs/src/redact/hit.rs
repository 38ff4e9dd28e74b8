//! What a detector says of a place.

use super::class;
use super::class::DIGIT;
use super::class::UPPER;
use super::kind::Kind;

/// A range of a text and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// What the custom detector of this number found.
    Custom(usize),
    Kind(Kind),
    /// A label that stood in the text: nothing to do, but nobody looks into it.
    Label,
}

impl Hit {
    pub(super) const fn new(start: usize, end: usize, kind: Kind) -> Self {
        Self { start, end, what: What::Kind(kind) }
    }
}

/// Whether a word in brackets may be a label: capitals, digits and `_`. What is mostly digits, or has no break where a word
/// has one, may be a key or an account number in brackets.
pub(super) fn is_label(name: &[u8]) -> bool {
    (2..=32).contains(&name.len())
        && name.iter().all(|byte| class::is(*byte, UPPER | DIGIT) || *byte == b'_')
        && class::is(name[0], UPPER)
        && class::count(name, DIGIT) <= 4
        && name.split(|byte| *byte == b'_').all(|piece| piece.len() <= 16)
}

/// What a look at a place gave, and from where it is worth looking on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) hit: Option<Hit>,
    pub(super) next: usize,
}

impl Look {
    pub(super) const fn nothing(next: usize) -> Self {
        Self { hit: None, next }
    }
}

impl From<Hit> for Look {
    fn from(hit: Hit) -> Self {
        Self { hit: Some(hit), next: hit.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_words_and_few_digits() {
        for name in ["EMAIL", "DATE_OF_BIRTH", "URL_CREDENTIAL", "X2", "PHONE_1234"] {
            assert!(is_label(name.as_bytes()), "{name}");
        }
        for name in
            ["AKIAIOSFODNN7EXAMPLE", "DE89370400440532013000", "ABCDEFGHIJKLMNOPQ", "X", "a", "1A", "A-B", "A12345"]
        {
            assert!(!is_label(name.as_bytes()), "{name}");
        }
    }
}
