//! A match and the result of one detection.

use super::class;
use super::class::DIGIT;
use super::class::UPPER;
use super::kind::DataKind;

/// A byte range of a text and the kind of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: MatchedKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MatchedKind {
    /// A match of the user-defined detector with this index.
    Custom(usize),
    Builtin(DataKind),
    /// A placeholder that the text already contains. The output keeps the placeholder, and detectors do not read inside
    /// the placeholder.
    Placeholder,
}

impl Match {
    pub(super) const fn new(start: usize, end: usize, kind: DataKind) -> Self {
        Self { start, end, kind: MatchedKind::Builtin(kind) }
    }
}

/// Returns whether a name in brackets has the form of a placeholder: 2 to 32 capitals, digits and `_`, a capital first,
/// at most four digits, and at most sixteen bytes between two `_`. Longer or digit-heavy names can be keys or account
/// numbers. Placeholders: `EMAIL`, `DATE_OF_BIRTH`, `PHONE_1234`. Others: `AKIAIOSFODNN7EXAMPLE`,
/// `DE89370400440532013000`.
pub(super) fn is_placeholder_name(name: &[u8]) -> bool {
    (2..=32).contains(&name.len())
        && name.iter().all(|byte| class::is_in(*byte, UPPER | DIGIT) || *byte == b'_')
        && class::is_in(name[0], UPPER)
        && class::count_in(name, DIGIT) <= 4
        && name.split(|byte| *byte == b'_').all(|word| word.len() <= 16)
}

/// The result of a detection at one position: a match, if any, and the position at which the scan continues.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detection {
    pub(super) found: Option<Match>,
    pub(super) resume_at: usize,
}

impl Detection {
    pub(super) const fn none(resume_at: usize) -> Self {
        Self { found: None, resume_at }
    }
}

impl From<Match> for Detection {
    fn from(matched: Match) -> Self {
        Self { found: Some(matched), resume_at: matched.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_names_have_words_and_few_digits() {
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
