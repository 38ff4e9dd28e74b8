//! The budgets of an observer, as its operations use them.

use std::sync::Arc;
use std::time::SystemTime;

use super::calendar::to_date;
use super::calendar::to_second;
use super::error::BudgetError;
use super::exceeded::BudgetExceeded;
use super::fault::BudgetFault;
use super::pattern::BudgetFacts;
use super::reservation::Reservation;
use super::set::Budgets;
use super::state::BudgetState;
use crate::clock::Clock;
use crate::cost::usd::Usd;

/// The budgets of an observer.
#[derive(Debug)]
pub(crate) struct BudgetBook(Arc<BudgetState>);

/// The numbers of a budget in the period of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BudgetReading {
    /// The name of the budget.
    pub(crate) name: Arc<str>,
    /// The costs of this process in the period.
    pub(crate) spent: Usd,
    /// The limit of all processes together.
    pub(crate) limit: Usd,
    /// The end of the period.
    pub(crate) period_end: SystemTime,
}

impl BudgetBook {
    /// Creates the book of a set of budgets. `on_fault` counts what goes wrong from then on; it may be called on any thread,
    /// outside of every lock, and must not panic.
    pub(crate) fn new(
        budgets: Budgets,
        clock: Clock,
        on_fault: impl Fn(BudgetFault) + Send + Sync + 'static,
    ) -> Result<Self, BudgetError> {
        budgets.validate()?;
        Ok(Self(Arc::new(BudgetState::new(budgets, clock, Box::new(on_fault)))))
    }

    /// Checks an operation that starts at a date against the budgets that deny, and reserves its highest possible cost in
    /// them; without an estimate, it only checks. Returns an error for the first budget that rejects the operation, which
    /// then has no reservation.
    pub(crate) fn reserve(
        &self,
        facts: &BudgetFacts<'_>,
        estimate: Option<Usd>,
        at: SystemTime,
    ) -> Result<Reservation, BudgetExceeded> {
        let claim = self.0.reserve(facts, estimate, to_second(at))?;
        Ok(Reservation::new(Arc::clone(&self.0), claim))
    }

    /// Returns the budgets of an operation that started at a date, without a check and without a reservation.
    pub(crate) fn admit(&self, facts: &BudgetFacts<'_>, at: SystemTime) -> Reservation {
        Reservation::new(Arc::clone(&self.0), self.0.admit(facts, to_second(at)))
    }

    /// Writes the state file now, if the accounts changed since the last write. Dropping the book and its last reservation
    /// does the same.
    pub(crate) fn flush(&self) {
        self.0.write_now();
    }

    /// Returns the numbers of every budget, in the order of their declaration, in the period of a date, and writes the state
    /// file if a write is due. Call it outside of every lock.
    pub(crate) fn readings(&self, at: SystemTime) -> Vec<BudgetReading> {
        self.0.write_if_due();
        let second = to_second(at);
        let numbered = self.0.budgets().iter().enumerate();
        numbered
            .map(|(index, budget)| {
                let account = self.0.account(index, second);
                BudgetReading {
                    name: Arc::clone(budget.name()),
                    spent: account.map_or(Usd::ZERO, |account| Usd::from_nanos(account.spent)),
                    limit: budget.limit(),
                    period_end: account
                        .map_or_else(|| self.0.period_end(index, second), |account| to_date(account.window.end)),
                }
            })
            .collect()
    }
}
