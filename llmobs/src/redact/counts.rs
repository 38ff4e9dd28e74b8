//! How much was found.

use std::ops::AddAssign;

use super::Kind;
use super::hit::Hit;
use super::hit::What;

/// How often each kind was found. Counts only: never where, never what.
///
/// ```
/// use llmobs::redact::Kind;
/// use llmobs::redact::Redactor;
///
/// let counts = Redactor::new().redact_into("a@example.org, b@example.org", &mut String::new());
/// assert_eq!((counts.of_kind(Kind::Email), counts.total()), (2, 2));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    found: [u32; Kind::ALL.len()],
}

impl Counts {
    pub(super) fn of(hits: &[Hit]) -> Self {
        let mut counts = Self::default();
        for hit in hits {
            match hit.what {
                What::Kind(kind) => counts.add(kind),
                What::Custom(_) => counts.add(Kind::Custom),
                What::Label => {}
            }
        }
        counts
    }

    pub(super) fn add(&mut self, kind: Kind) {
        let count = &mut self.found[kind as usize];
        *count = count.saturating_add(1);
    }

    /// How often a kind was found.
    #[must_use]
    pub const fn of_kind(&self, kind: Kind) -> u32 {
        self.found[kind as usize]
    }

    /// How much was found in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.found.iter().copied().map(u64::from).sum()
    }

    /// Each kind that was found and how often.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, u32)> {
        Kind::ALL.into_iter().zip(self.found).filter(|(_, count)| *count > 0)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.found.iter_mut().zip(other.found) {
            *count = count.saturating_add(more);
        }
    }
}
