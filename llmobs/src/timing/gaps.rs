//! Even division of the time between exact moments among the tokens or chunks in between.

/// A period of `total_nanos` nanoseconds, divided evenly among `count` tokens or chunks. The samples are whole
/// nanoseconds and their sum equals the period exactly: if the division has a remainder, the first samples are one
/// nanosecond longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EvenGaps {
    pub(crate) total_nanos: u64,
    pub(crate) count: u64,
}

impl EvenGaps {
    /// Returns the samples as two runs of equal values: `(nanoseconds, count)`.
    #[inline]
    pub(crate) const fn runs(self) -> [(u64, u64); 2] {
        let each = self.total_nanos / self.count;
        let longer = self.total_nanos % self.count;
        [(each + 1, longer), (each, self.count - longer)]
    }
}

/// The tokens or chunks of a stream, and those since the last exact moment.
#[derive(Debug, Clone)]
pub(super) struct GapAccumulator {
    has_begun: bool,
    last_exact: u64,
    units_in_first: u64,
    pending: u64,
    measured: u64,
}

impl GapAccumulator {
    pub(super) const fn new() -> Self {
        Self { has_begun: false, last_exact: 0, units_in_first: 0, pending: 0, measured: 0 }
    }

    pub(super) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Starts with the first item. Its moment counts as exact, and its units have no sample.
    pub(super) const fn begin(&mut self, at: u64, units: u64) {
        self.has_begun = true;
        self.last_exact = at;
        self.units_in_first = units;
    }

    /// Moves the moment of the first item back to `at`. Has no effect after the first sample.
    pub(super) fn backdate_begin(&mut self, at: u64) {
        if self.has_begun && self.measured == 0 {
            self.last_exact = self.last_exact.min(at);
        }
    }

    pub(super) const fn add(&mut self, units: u64) {
        self.pending += units;
    }

    /// Ends the period at an exact moment and returns the period, divided among the units since the last exact moment;
    /// `None` if there are no units.
    #[inline]
    pub(super) fn mark_exact(&mut self, at: u64) -> Option<EvenGaps> {
        // A `produced_at` before the last exact moment is impossible; the item is treated as if it arrived at that
        // moment.
        let at = at.max(self.last_exact);
        let gaps = EvenGaps { total_nanos: at - self.last_exact, count: self.pending };
        self.last_exact = at;
        self.measured += self.pending;
        self.pending = 0;
        Some(gaps).filter(|gaps| gaps.count > 0)
    }

    pub(super) const fn last_exact(&self) -> u64 {
        self.last_exact
    }

    pub(super) const fn units_in_first(&self) -> u64 {
        self.units_in_first
    }

    pub(super) const fn pending(&self) -> u64 {
        self.pending
    }

    pub(super) const fn measured(&self) -> u64 {
        self.measured
    }
}
