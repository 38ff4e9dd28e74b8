//! Time between exact moments, shared evenly by what came in it.

/// A stretch of time that `units` tokens (or chunks) share evenly. The samples are whole nanoseconds and sum to the
/// stretch exactly: where it does not divide, the first ones are one nanosecond longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EvenGaps {
    pub(crate) nanos: u64,
    pub(crate) units: u64,
}

impl EvenGaps {
    /// The samples as two runs of equal ones: `(nanoseconds, how many)`.
    #[inline]
    pub(crate) const fn runs(self) -> [(u64, u64); 2] {
        let each = self.nanos / self.units;
        let longer = self.nanos % self.units;
        [(each + 1, longer), (each, self.units - longer)]
    }
}

/// Units counted since the last exact moment.
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

    /// The first item: its moment counts as exact, its units have no sample.
    pub(super) const fn begin(&mut self, at: u64, units: u64) {
        self.begun = true;
        self.last = at;
        self.units_in_first = units;
    }

    /// The first item was really there earlier. Only before anything was shared.
    pub(super) fn begin_earlier(&mut self, at: u64) {
        if self.begun && self.shared == 0 {
            self.last = self.last.min(at);
        }
    }

    pub(super) const fn add(&mut self, units: u64) {
        self.waiting += units;
    }

    /// An exact moment: the units since the last one share the time between.
    #[inline]
    pub(super) fn close(&mut self, at: u64) -> Option<EvenGaps> {
        // A `produced_at` before the last exact moment cannot be: the item is taken to have come right then.
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
