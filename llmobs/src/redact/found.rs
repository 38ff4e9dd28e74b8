//! What a detector says of a place.

use super::class;
use super::class::DIGIT;
use super::class::UPPER;
use super::kind::DataKind;

/// A range of a text and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: MatchedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchedKind {
    /// What the custom detector of this number found.
    Custom(usize),
    Builtin(DataKind),
    /// A label that stood in the text: nothing to do, but nobody looks into it.
    Placeholder,
}

impl Match {
    pub(super) const fn new(start: usize, end: usize, kind: DataKind) -> Self {
        Self { start, end, what: MatchedKind::Builtin(kind) }
    }
}

/// Whether a word in brackets may be a label: capitals, digits and `_`. What is mostly digits, or has no break where a word
/// has one, may be a key or an account number in brackets.
pub(super) fn is_placeholder_name(name: &[u8]) -> bool {
    (2..=32).contains(&name.len())
        && name.iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
        && class::is_in(name[0], UPPER)
        && class::count(name, DIGIT) <= 4
        && name.split(|byte| *byte == b'_').all(|piece| piece.len() <= 16)
}

/// What a look at a place gave, and from where it is worth looking on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detection {
    pub(super) hit: Option<Match>,
    pub(super) next: usize,
}

impl Detection {
    pub(super) const fn none(next: usize) -> Self {
        Self { hit: None, next }
    }
}

impl From<Match> for Detection {
    fn from(hit: Match) -> Self {
        Self { hit: Some(hit), next: hit.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_words_and_few_digits() {
        for name in ["EMAIL", "DATE_OF_BIRTH", "URL_CREDENTIAL", "X2", "PHONE_1234"] {
            assert!(is_placeholder_name(name.as_bytes()), "{name}");
        }
        for name in
            ["AKIAIOSFODNN7EXAMPLE", "DE89370400440532013000", "ABCDEFGHIJKLMNOPQ", "X", "a", "1A", "A-B", "A12345"]
        {
            assert!(!is_placeholder_name(name.as_bytes()), "{name}");
        }
    }
}
