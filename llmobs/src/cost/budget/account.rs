//! The account of a budget in one period.

use super::bits;
use super::calendar::Window;

/// The costs of a budget in one period, in nano-dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) window: Window,
    /// The costs of operations that ended.
    pub(super) spent: u64,
    /// The amounts that operations in flight reserved.
    pub(super) reserved: u64,
    /// The indices of the thresholds that were reached.
    pub(super) crossed: u64,
    /// The amounts that the ledger of the budget has not taken yet because it failed.
    pub(super) unsent: Unsent,
}

/// Amounts that a ledger must still settle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Unsent {
    pub(super) reserved: u64,
    pub(super) cost: u64,
}

impl Unsent {
    pub(super) const fn and(self, reserved: u64, cost: u64) -> Self {
        Self { reserved: self.reserved.saturating_add(reserved), cost: self.cost.saturating_add(cost) }
    }
}

impl Account {
    /// Creates the account of a period without costs.
    pub(super) const fn new(window: Window) -> Self {
        Self { window, spent: 0, reserved: 0, crossed: 0, unsent: Unsent { reserved: 0, cost: 0 } }
    }

    /// Returns whether an operation may start. With an estimate, what is spent and reserved must leave room for it;
    /// without, the limit must not be reached.
    pub(super) const fn admits(&self, limit: u64, estimate: Option<u64>) -> bool {
        let taken = self.spent.saturating_add(self.reserved);
        match estimate {
            Some(estimate) => match taken.checked_add(estimate) {
                Some(sum) => sum <= limit,
                None => false,
            },
            None => taken < limit,
        }
    }

    pub(super) const fn reserve(&mut self, amount: u64) {
        self.reserved = self.reserved.saturating_add(amount);
    }

    /// Replaces a reserved amount by a cost.
    pub(super) const fn settle(&mut self, reserved: u64, cost: u64) {
        self.reserved = self.reserved.saturating_sub(reserved);
        self.spent = self.spent.saturating_add(cost);
    }

    /// Returns the indices of the thresholds that `spent` reaches for the first time.
    pub(super) fn cross(&mut self, thresholds: &[u32], spent: u64, limit: u64) -> u64 {
        let reached = bits::select(thresholds, |percent| {
            spent > 0 && u128::from(spent) * 100 >= u128::from(*percent) * u128::from(limit)
        });
        let new = reached & !self.crossed;
        self.crossed |= reached;
        new
    }
}
