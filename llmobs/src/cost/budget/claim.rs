//! The part of one operation in the budgets that select it.

/// The budgets of one operation and the amount that it reserved in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Claim {
    /// The indices of the budgets that select the operation.
    pub(super) budgets: u64,
    /// The indices of the budgets whose ledger holds the reservation.
    pub(super) in_ledger: u64,
    /// The amount that is reserved in those budgets that deny, in nano-dollars.
    pub(super) amount: u64,
    /// The start of the operation, which determines the period, in seconds since 1970.
    pub(super) second: i64,
}
