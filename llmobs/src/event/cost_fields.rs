//! The cost of an operation, as the fields of its wide event and its record, in builds with the feature `cost`.
//! `cost_fields_disabled.rs` has the same interface for builds without it.

use crate::cost::Cost;
use crate::cost::EndedCost;
use crate::cost::Usd;
use crate::number::to_i64;

/// The cost of an operation.
#[derive(Debug, Clone, Default)]
pub(crate) struct CostFields {
    /// `None` if the observer has no prices.
    pub(crate) ended: Option<Box<EndedCost>>,
}

impl CostFields {
    /// Returns the sum of all attempts in dollars, rounded to a double.
    pub(crate) fn dollars(&self) -> Option<f64> {
        self.total().map(Usd::as_dollars)
    }

    /// Returns the sum of all attempts in nano-dollars.
    pub(crate) fn nano_dollars(&self) -> Option<i64> {
        self.total().and_then(|total| to_i64(total.nanos()))
    }

    /// Returns the sum of the superseded attempts in nano-dollars; `None` if there is none.
    pub(crate) fn superseded_nano_dollars(&self) -> Option<i64> {
        self.ended.as_ref()?.superseded.and_then(|cost| to_i64(cost.nanos()))
    }

    /// Returns the source of the cost of the last attempt.
    pub(crate) fn source(&self) -> Option<&'static str> {
        self.last().map(|cost| cost.source().as_str())
    }

    /// Returns the quality of the cost of the last attempt.
    pub(crate) fn quality(&self) -> Option<&'static str> {
        self.last().map(|cost| cost.quality().as_str())
    }

    /// Returns the reason for which an attempt has no cost.
    pub(crate) fn unpriced(&self) -> Option<&'static str> {
        self.ended.as_ref()?.unpriced.map(|reason| reason.as_str())
    }

    /// Returns the version of the price book.
    pub(crate) fn version(&self) -> Option<&str> {
        self.ended.as_ref().map(|ended| &*ended.version)
    }

    /// Returns the parts of the last attempt in nano-dollars, by direction and kind; `None` without parts.
    pub(crate) fn parts(&self) -> Option<impl Iterator<Item = (&'static str, u64)>> {
        self.last().map(|cost| cost.parts().map(|(kind, amount)| (kind.path(), amount.nanos())))
    }

    /// Returns the cost of the last attempt.
    pub(crate) fn last(&self) -> Option<&Cost> {
        self.ended.as_ref()?.last.as_ref()
    }

    /// Returns the sum of all attempts.
    pub(crate) fn total(&self) -> Option<Usd> {
        self.ended.as_ref()?.total()
    }
}
