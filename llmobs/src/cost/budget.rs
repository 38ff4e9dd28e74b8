//! Budgets: limits of the cost of operations in a day, a week or a month.

mod account;
mod accounts;
mod bits;
mod book;
mod calendar;
mod claim;
mod definition;
mod error;
mod exceeded;
mod fault;
mod ledger;
mod ledger_log;
mod pattern;
mod persistence;
mod reservation;
mod saved;
mod set;
mod state;
mod state_file;
#[cfg(test)]
mod tests;
mod threshold;

pub(crate) use self::book::BudgetBook;
pub(crate) use self::book::BudgetReading;
pub use self::calendar::Period;
pub use self::definition::Budget;
pub use self::error::BudgetError;
pub use self::exceeded::BudgetExceeded;
pub(crate) use self::fault::BudgetFault;
pub use self::ledger::Ledger;
pub use self::ledger::LedgerAccount;
pub use self::ledger::LedgerError;
pub use self::ledger::LedgerFailure;
pub(crate) use self::pattern::BudgetFacts;
pub(crate) use self::reservation::Reservation;
pub use self::set::Budgets;
pub use self::threshold::BudgetThreshold;
