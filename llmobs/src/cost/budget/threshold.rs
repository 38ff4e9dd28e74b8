//! The thresholds of budgets.

use std::sync::Arc;
use std::time::SystemTime;

use super::calendar::Window;
use super::calendar::to_date;
use crate::cost::usd::Usd;

/// The event of a budget whose spending reached a threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetThreshold {
    /// The name of the budget.
    pub budget: Arc<str>,
    /// The threshold, in percent of the limit.
    pub percent: u32,
    /// The costs of the period after the operation that reached the threshold.
    pub spent: Usd,
    /// The limit that applies in this process: the share of this process, if one is set.
    pub limit: Usd,
    /// The start of the period.
    pub period_start: SystemTime,
    /// The end of the period.
    pub period_end: SystemTime,
}

/// The application's callback for thresholds.
pub(super) type OnThreshold = Box<dyn Fn(&BudgetThreshold) + Send + Sync>;

/// The thresholds that the spending of one budget reached at once.
#[derive(Debug)]
pub(super) struct Crossing {
    /// The index of the budget.
    pub(super) budget: usize,
    /// The indices of the thresholds.
    pub(super) thresholds: u64,
    pub(super) spent: u64,
    pub(super) window: Window,
}

impl Crossing {
    /// Returns the event of one threshold.
    pub(super) fn event(&self, budget: Arc<str>, percent: u32, limit: u64) -> BudgetThreshold {
        BudgetThreshold {
            budget,
            percent,
            spent: Usd::from_nanos(self.spent),
            limit: Usd::from_nanos(limit),
            period_start: to_date(self.window.start),
            period_end: to_date(self.window.end),
        }
    }
}
