//! The guard of a reservation.

use std::sync::Arc;

use super::claim::Claim;
use super::state::BudgetState;
use crate::cost::usd::Usd;

/// The budgets of one operation and what it reserved in them. Dropping the guard releases the reservation without a cost.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reservation {
    state: Arc<BudgetState>,
    claim: Claim,
}

impl Reservation {
    pub(super) const fn new(state: Arc<BudgetState>, claim: Claim) -> Self {
        Self { state, claim }
    }

    /// Replaces the reservation of an operation by its cost, in the period in which the operation started.
    pub(crate) fn settle(mut self, cost: Usd) {
        self.state.settle(self.claim, cost);
        self.claim.budgets = 0;
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.state.settle(self.claim, Usd::ZERO);
    }
}
