//! The cost of an operation that ended.

use std::sync::Arc;

use super::operation_cost::Cost;
use super::unpriced::Unpriced;
use super::usd::Usd;

/// The cost of an operation at its end.
#[derive(Debug, Clone)]
pub(crate) struct EndedCost {
    /// The cost of the last attempt; `None` if it is not known, and if nothing is charged for it.
    pub(crate) last: Option<Cost>,
    /// The sum of the costs of the attempts that others superseded; `None` if none has a cost.
    pub(crate) superseded: Option<Usd>,
    /// The reason for which an attempt has no cost, of the first such attempt; `None` if there is none.
    pub(crate) unpriced: Option<Unpriced>,
    /// The version of the price book, that of the start.
    pub(crate) version: Arc<str>,
}

impl EndedCost {
    /// Returns the sum of the costs of all attempts; `None` if no attempt has a cost.
    pub(crate) fn total(&self) -> Option<Usd> {
        let last = self.last.as_ref().map(Cost::total);
        match (last, self.superseded) {
            (Some(last), Some(superseded)) => Some(last.saturating_add(superseded)),
            (last, superseded) => last.or(superseded),
        }
    }
}
