//! The cost of one attempt of an operation.

use super::kind::CostKind;
use super::usd::Usd;
use crate::semconv::value::CostQuality;
use crate::semconv::value::CostSource;

/// The cost of one attempt of an operation, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Nano-dollars, by `CostKind`.
    parts: [u64; CostKind::ALL.len()],
    source: CostSource,
    quality: CostQuality,
}

impl Cost {
    /// Creates a cost of nothing, to which parts are added.
    pub(crate) const fn new(source: CostSource, quality: CostQuality) -> Self {
        Self { parts: [0; CostKind::ALL.len()], source, quality }
    }

    /// Adds an amount to a part.
    pub(crate) const fn with(mut self, kind: CostKind, amount: Usd) -> Self {
        let part = &mut self.parts[kind.index()];
        *part = part.saturating_add(amount.nanos());
        self
    }

    /// Returns the sum of all parts.
    #[must_use]
    pub fn total(&self) -> Usd {
        self.parts().map(|(_, amount)| amount).sum()
    }

    /// Returns the part of a kind.
    #[must_use]
    pub const fn part(&self, kind: CostKind) -> Usd {
        Usd::from_nanos(self.parts[kind.index()])
    }

    /// Returns every part that is not zero.
    pub fn parts(&self) -> impl Iterator<Item = (CostKind, Usd)> + '_ {
        let parts = CostKind::ALL.iter().map(|kind| (*kind, self.part(*kind)));
        parts.filter(|(_, amount)| *amount > Usd::ZERO)
    }

    /// Returns the parts that exceed those of an earlier cost.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let mut parts = self.parts;
        for (part, earlier) in parts.iter_mut().zip(earlier.parts) {
            *part = part.saturating_sub(earlier);
        }
        Self { parts, ..*self }
    }

    /// Returns the source of the cost.
    #[must_use]
    pub const fn source(&self) -> CostSource {
        self.source
    }

    /// Returns the quality of the cost.
    #[must_use]
    pub const fn quality(&self) -> CostQuality {
        self.quality
    }
}
