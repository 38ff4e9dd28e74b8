//! Even division of the time between exact moments among the tokens or chunks in between.

/// A period of `nanos` nanoseconds, divided evenly among `units` tokens or chunks. The samples are whole nanoseconds
/// and their sum equals the period exactly: if the division has a remainder, the first samples are one nanosecond
/// longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EvenGaps {
    pub(crate) nanos: u64,
    pub(crate) units: u64,
}

impl EvenGaps {
    /// Returns the samples as two runs of equal values: `(nanoseconds, count)`.
    #[inline]
    pub(crate) const fn runs(self) -> [(u64, u64); 2] {
        let each = self.nanos / self.units;
        let longer = self.nanos % self.units;
        [(each + 1, longer), (each, self.units - longer)]
    }
}

/// The tokens or chunks of a stream, and those since the last exact moment.
#[derive(Debug, Clone)]
pub(super) struct GapAccumulator {
    begun: bool,
    last: u64,
    units_in_first: u64,
    waiting: u64,
    shared: u64,
}

impl GapAccumulator {
    pub(super) const fn new() -> Self {
        Self { begun: false, last: 0, units_in_first: 0, waiting: 0, shared: 0 }
    }

    pub(super) const fn begun(&self) -> bool {
        self.begun
    }

    /// Starts with the first item. Its moment counts as exact, and its units have no sample.
    pub(super) const fn begin(&mut self, at: u64, units: u64) {
        self.begun = true;
        self.last = at;
        self.units_in_first = units;
    }

    /// Moves the moment of the first item back to `at`. Has no effect after the first sample.
    pub(super) fn begin_earlier(&mut self, at: u64) {
        if self.begun && self.shared == 0 {
            self.last = self.last.min(at);
        }
    }

    pub(super) const fn add(&mut self, units: u64) {
        self.waiting += units;
    }

    /// Ends the period at an exact moment and returns the period, divided among the units since the last exact moment;
    /// `None` if there are no units.
    #[inline]
    pub(super) fn close(&mut self, at: u64) -> Option<EvenGaps> {
        // A `produced_at` before the last exact moment is impossible; the item is treated as if it arrived at that
        // moment.
        let at = at.max(self.last);
        let share = EvenGaps { nanos: at - self.last, units: self.waiting };
        self.last = at;
        self.shared += self.waiting;
        self.waiting = 0;
        Some(share).filter(|share| share.units > 0)
    }

    pub(super) const fn last(&self) -> u64 {
        self.last
    }

    pub(super) const fn units_in_first(&self) -> u64 {
        self.units_in_first
    }

    pub(super) const fn waiting(&self) -> u64 {
        self.waiting
    }

    pub(super) const fn shared(&self) -> u64 {
        self.shared
    }
}
