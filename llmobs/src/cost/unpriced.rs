//! The reasons for which an attempt has no cost.

use std::error::Error;
use std::fmt;

/// The reason for which an attempt of an operation has no cost. It is counted as unpriced, never as a cost of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unpriced {
    /// The price book has no such provider or model.
    UnknownModel,
    /// The price book lists the model without any price.
    NoPrices,
    /// The price book has no price for a kind of tokens or fees that was used.
    UnknownKind,
    /// The usage of the attempt is not known.
    NoUsage,
    /// The price is in a currency without a current rate.
    NoExchangeRate,
}

impl Unpriced {
    /// Returns the reason as text, as recorded in attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownModel => "unknown_model",
            Self::NoPrices => "no_prices",
            Self::UnknownKind => "unknown_kind",
            Self::NoUsage => "no_usage",
            Self::NoExchangeRate => "no_exchange_rate",
        }
    }
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for Unpriced {}
