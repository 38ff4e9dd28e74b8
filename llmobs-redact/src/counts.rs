//! The number of matches of a redaction, by kind.

use std::ops::AddAssign;

use super::DataKind;
use super::found::Match;
use super::found::MatchedKind;

/// The number of matches of each kind, at most `u32::MAX`. Contains neither the matched text nor its position.
///
/// ```
/// use llmobs_redact::DataKind;
/// use llmobs_redact::Redactor;
///
/// let counts = Redactor::new().redact_into("a@example.org, b@example.org", &mut String::new());
/// assert_eq!((counts.get(DataKind::Email), counts.total()), (2, 2));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedactionCounts {
    counts: [u32; DataKind::ALL.len()],
}

impl RedactionCounts {
    /// Counts the matches by kind. Matches of custom patterns count as [`DataKind::Custom`]; placeholders of earlier
    /// redactions are not counted.
    pub(super) fn from_matches(matches: &[Match]) -> Self {
        let mut counts = Self::default();
        for matched in matches {
            match matched.kind {
                MatchedKind::Builtin(kind) => counts.add(kind),
                MatchedKind::Custom(_) => counts.add(DataKind::Custom),
                MatchedKind::Placeholder => {}
            }
        }
        counts
    }

    pub(super) fn add(&mut self, kind: DataKind) {
        let count = &mut self.counts[kind as usize];
        *count = count.saturating_add(1);
    }

    /// Returns the number of matches of `kind`.
    #[must_use]
    pub const fn get(&self, kind: DataKind) -> u32 {
        self.counts[kind as usize]
    }

    /// Returns the total number of matches.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().copied().map(u64::from).sum()
    }

    /// Returns the kinds with at least one match, with their counts, in the order of [`DataKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (DataKind, u32)> {
        DataKind::ALL.into_iter().zip(self.counts).filter(|(_, count)| *count > 0)
    }
}

impl AddAssign for RedactionCounts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
    }
}
