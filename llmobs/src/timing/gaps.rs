//! Even division of the time between exact moments among the tokens or chunks in between. A moment is exact if the
//! arrival or production of its item at that moment is certain. `Timing` has one accumulator for tokens and one for
//! chunks; the histograms record the resulting samples.

/// A period of `total_nanos` nanoseconds, divided evenly among `count` tokens or chunks. The samples are whole
/// nanoseconds and their sum equals the period exactly: if the division has a remainder, the first samples are one
/// nanosecond longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EvenGaps {
    /// The length of the period between two exact moments, in nanoseconds.
    pub(crate) total_nanos: u64,
    /// The number of tokens or chunks, and thus of samples; not zero.
    pub(crate) count: u64,
}

impl EvenGaps {
    /// Returns the samples as two runs of equal values: `(nanoseconds, count)`. Panics if `count` is zero. Example: 10
    /// nanoseconds among 3 tokens give `[(4, 1), (3, 2)]`; the count of the first run is zero without a remainder.
    #[inline]
    pub(crate) const fn runs(self) -> [(u64, u64); 2] {
        let each = self.total_nanos / self.count;
        let longer = self.total_nanos % self.count;
        [(each + 1, longer), (each, self.count - longer)]
    }
}

/// The counts of the units (tokens or chunks) of a stream, and the last exact moment. All moments are in nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct GapAccumulator {
    has_begun: bool,
    last_exact: u64,
    units_in_first: u64,
    pending: u64,
    measured: u64,
}

impl GapAccumulator {
    /// Creates an accumulator that has not begun.
    pub(super) const fn new() -> Self {
        Self { has_begun: false, last_exact: 0, units_in_first: 0, pending: 0, measured: 0 }
    }

    /// Returns whether [`begin`](Self::begin) was called: the stream had an item with units.
    pub(super) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Starts with the first item that has units. Its moment `at` counts as exact, and its units have no sample.
    pub(super) const fn begin(&mut self, at: u64, units: u64) {
        self.has_begun = true;
        self.last_exact = at;
        self.units_in_first = units;
    }

    /// Moves the moment of the first item back to `at`, the engine's mark of the first token. Has no effect before the
    /// first item, after the first sample, or if `at` is later.
    pub(super) fn backdate_begin(&mut self, at: u64) {
        if self.has_begun && self.measured == 0 {
            self.last_exact = self.last_exact.min(at);
        }
    }

    /// Adds the units of a further item, without a sample until the next exact moment.
    pub(super) const fn add(&mut self, units: u64) {
        self.pending += units;
    }

    /// Ends the period at the exact moment `at` and returns the period, divided among the units since the last exact
    /// moment; `None` if there are no units.
    #[inline]
    pub(super) fn mark_exact(&mut self, at: u64) -> Option<EvenGaps> {
        // A moment of production (`produced_at`) before the last exact moment is impossible; the item is treated as if
        // it arrived at the last exact moment.
        let at = at.max(self.last_exact);
        let gaps = EvenGaps { total_nanos: at - self.last_exact, count: self.pending };
        self.last_exact = at;
        self.measured += self.pending;
        self.pending = 0;
        Some(gaps).filter(|gaps| gaps.count > 0)
    }

    /// Returns the last exact moment; 0 before the first item.
    pub(super) const fn last_exact(&self) -> u64 {
        self.last_exact
    }

    /// Returns the number of units in the first item.
    pub(super) const fn units_in_first(&self) -> u64 {
        self.units_in_first
    }

    /// Returns the number of units since the last exact moment, which have no sample yet.
    pub(super) const fn pending(&self) -> u64 {
        self.pending
    }

    /// Returns the number of units after the first item that have a sample.
    pub(super) const fn measured(&self) -> u64 {
        self.measured
    }
}
