//! The budgets of an overlay, as written there.

use crate::cost::budget::Period;
use crate::cost::usd::Usd;

/// A budget as an overlay defines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BudgetConfig {
    /// The name, unique within the overlay.
    pub(crate) name: String,
    /// The limit of a period, of all replicas together.
    pub(crate) limit: Usd,
    /// The part of the limit that this process may spend, in billionths.
    pub(crate) share_billionths: u64,
    /// The provider to which the budget applies; `None` for every provider.
    pub(crate) provider: Option<String>,
    /// The model to which the budget applies; `None` for every model.
    pub(crate) model: Option<String>,
    /// The tenant to which the budget applies; `None` for every tenant.
    pub(crate) tenant: Option<String>,
    pub(crate) period: Period,
    /// The name of the time zone in which periods start, known to the time zone database.
    pub(crate) time_zone: String,
    /// The thresholds in percent of the limit, ascending.
    pub(crate) thresholds: Vec<u8>,
    pub(crate) action: BudgetAction,
}

/// The consequence of a spent budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BudgetAction {
    /// Thresholds are reported, and operations start as before.
    Alert,
    /// Operations are rejected at their start.
    Deny,
}
