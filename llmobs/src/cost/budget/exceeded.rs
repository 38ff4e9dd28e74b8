//! The error of an operation that a budget rejects.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use super::calendar::to_second;

/// The reason for which a budget rejects an operation at its start. The text names the budget, and no tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetExceeded {
    budget: Arc<str>,
    period_end: SystemTime,
    is_unchecked: bool,
}

impl BudgetExceeded {
    pub(super) const fn new(budget: Arc<str>, period_end: SystemTime) -> Self {
        Self { budget, period_end, is_unchecked: false }
    }

    /// Creates the error of a budget whose ledger failed.
    pub(super) const fn unchecked(budget: Arc<str>, period_end: SystemTime) -> Self {
        Self { budget, period_end, is_unchecked: true }
    }

    /// Returns the name of the budget.
    #[must_use]
    pub fn budget(&self) -> &str {
        &self.budget
    }

    /// Returns the end of the period, when the budget starts again at zero.
    #[must_use]
    pub const fn period_end(&self) -> SystemTime {
        self.period_end
    }

    /// Returns the time from `now` to the end of the period, in whole seconds, rounded up, for the header
    /// `Retry-After`. With reservation, an earlier retry may succeed, because operations in flight release what they
    /// reserved and did not use.
    #[must_use]
    pub fn retry_after(&self, now: SystemTime) -> Duration {
        let left = self.period_end.duration_since(now).unwrap_or_default();
        Duration::from_secs(left.as_secs() + u64::from(left.subsec_nanos() > 0))
    }

    /// Returns whether the operation was rejected because the ledger of the budget failed, and not because the limit
    /// is reached.
    #[must_use]
    pub const fn is_unchecked(&self) -> bool {
        self.is_unchecked
    }
}

impl fmt::Display for BudgetExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unchecked {
            return write!(f, "the budget {:?} cannot be checked: its ledger failed", self.budget);
        }
        write!(f, "the budget {:?} is exhausted", self.budget)?;
        match jiff::Timestamp::from_second(to_second(self.period_end)) {
            Ok(end) => write!(f, " until {end}"),
            Err(_) => Ok(()),
        }
    }
}

impl Error for BudgetExceeded {}
