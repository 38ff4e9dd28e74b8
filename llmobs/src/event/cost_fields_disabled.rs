//! The cost of an operation in builds without the feature `cost`: it has no size and no values. The interface is that of
//! `cost_fields.rs`, so that no list of fields asks whether costs are compiled in.

#![expect(clippy::unused_self, reason = "the signatures are those of `cost_fields.rs`")]

use std::iter::Empty;

/// The cost of an operation, which is not known in this build.
#[derive(Debug, Clone, Default)]
pub(crate) struct CostFields {}

impl CostFields {
    /// Returns `None` for the sum in dollars.
    pub(crate) const fn dollars(&self) -> Option<f64> {
        None
    }

    /// Returns `None` for the sum in nano-dollars.
    pub(crate) const fn nano_dollars(&self) -> Option<i64> {
        None
    }

    /// Returns `None` for the sum of the superseded attempts.
    pub(crate) const fn superseded_nano_dollars(&self) -> Option<i64> {
        None
    }

    /// Returns `None` for the source.
    pub(crate) const fn source(&self) -> Option<&'static str> {
        None
    }

    /// Returns `None` for the quality.
    pub(crate) const fn quality(&self) -> Option<&'static str> {
        None
    }

    /// Returns `None` for the reason for which there is no cost.
    pub(crate) const fn unpriced(&self) -> Option<&'static str> {
        None
    }

    /// Returns `None` for the version of the price book.
    pub(crate) const fn version(&self) -> Option<&str> {
        None
    }

    /// Returns `None` for the parts.
    pub(crate) const fn parts(&self) -> Option<Empty<(&'static str, u64)>> {
        None
    }
}
