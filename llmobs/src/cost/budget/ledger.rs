//! The interface of a store that several processes share.

use std::error::Error;
use std::fmt;
use std::time::SystemTime;

use crate::cost::usd::Usd;

/// A store of the costs of a budget that several processes share, such as a database.
///
/// llmobs calls a ledger on the thread that starts or ends an operation, outside of every lock, and waits for the answer:
/// an implementation must answer within the time by which a start may be delayed, and must have a timeout of its own. For
/// a budget that denies, a start calls [`reserve`](Self::reserve) with reservation and [`spent`](Self::spent) without;
/// every end calls [`settle`](Self::settle).
///
/// - The functions must be atomic towards each other, in all processes.
/// - An `Err` means that nothing was changed. A settlement that failed is added to the next one of the same budget, so
///   that no cost is lost while the process lives. A panic counts as an `Err`.
/// - A process that is killed never settles what it reserved. An implementation should let reservations expire.
pub trait Ledger: Send + Sync {
    /// Reserves an amount in an account. Returns `true` if it is reserved, and `false`, without a change, if the costs and
    /// reservations of all processes and the amount exceed [`LedgerAccount::limit`].
    ///
    /// # Errors
    ///
    /// Returns an error if the store did not answer. [`Budget::on_ledger_failure`](super::Budget::on_ledger_failure)
    /// decides whether the operation is rejected.
    fn reserve(&self, account: &LedgerAccount<'_>, amount: Usd) -> Result<bool, LedgerError>;

    /// Removes a reserved amount from an account, adds a cost, and returns the costs of all processes after it, which are
    /// compared with the thresholds. Either amount may be zero, and the cost may exceed the reserved amount.
    ///
    /// # Errors
    ///
    /// Returns an error if the store did not answer.
    fn settle(&self, account: &LedgerAccount<'_>, reserved: Usd, cost: Usd) -> Result<Usd, LedgerError>;

    /// Returns the costs of all processes, without reservations.
    ///
    /// # Errors
    ///
    /// Returns an error if the store did not answer.
    fn spent(&self, account: &LedgerAccount<'_>) -> Result<Usd, LedgerError>;
}

/// The account of a budget in one period, by which a [`Ledger`] finds its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerAccount<'a> {
    /// The name of the budget, which must mean the same in all processes.
    pub budget: &'a str,
    /// The start of the period. The name and the start identify the account.
    pub period_start: SystemTime,
    /// The end of the period. Operations that started in the period settle after it; then the account may be removed.
    pub period_end: SystemTime,
    /// The limit of all processes together.
    pub limit: Usd,
}

/// The error of a [`Ledger`] that did not answer. The text is logged; it must not contain credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerError(String);

impl LedgerError {
    /// Creates an error with a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for LedgerError {}

/// The decision about an operation of a budget that denies, if its ledger fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum LedgerFailure {
    /// Checks the costs of this process alone, against the [share](super::Budget::share) of this process in the limit; the
    /// whole limit without a share. All processes together may then exceed the limit by the sum of their shares.
    #[default]
    CheckThisProcess,
    /// Rejects the operation.
    Deny,
}
