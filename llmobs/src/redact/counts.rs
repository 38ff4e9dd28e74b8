//! The number of matches of a redaction, by kind.

use std::ops::AddAssign;

use super::DataKind;
use super::found::Match;
use super::found::MatchedKind;

/// The number of matches of each kind. Contains neither the matched text nor its position.
///
/// ```
/// use llmobs::redact::DataKind;
/// use llmobs::redact::Redactor;
///
/// let counts = Redactor::new().redact_into("a@example.org, b@example.org", &mut String::new());
/// assert_eq!((counts.of_kind(DataKind::Email), counts.total()), (2, 2));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RedactionCounts {
    found: [u32; DataKind::ALL.len()],
}

impl RedactionCounts {
    pub(super) fn of(hits: &[Match]) -> Self {
        let mut counts = Self::default();
        for hit in hits {
            match hit.what {
                MatchedKind::Builtin(kind) => counts.add(kind),
                MatchedKind::Custom(_) => counts.add(DataKind::Custom),
                MatchedKind::Placeholder => {}
            }
        }
        counts
    }

    pub(super) fn add(&mut self, kind: DataKind) {
        let count = &mut self.found[kind as usize];
        *count = count.saturating_add(1);
    }

    /// Returns the number of matches of `kind`.
    #[must_use]
    pub const fn of_kind(&self, kind: DataKind) -> u32 {
        self.found[kind as usize]
    }

    /// Returns the total number of matches.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.found.iter().copied().map(u64::from).sum()
    }

    /// Returns the kinds with at least one match, with their counts, in the order of [`DataKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (DataKind, u32)> {
        DataKind::ALL.into_iter().zip(self.found).filter(|(_, count)| *count > 0)
    }
}

impl AddAssign for RedactionCounts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.found.iter_mut().zip(other.found) {
            *count = count.saturating_add(more);
        }
    }
}
