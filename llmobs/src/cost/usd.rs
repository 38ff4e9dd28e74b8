//! An amount of money.

use std::fmt;
use std::iter::Sum;

use crate::number::to_f64;

/// An amount of US dollars, as an integer number of nano-dollars (10⁻⁹ dollars), at most 18 billion dollars. Sums of
/// integers are exact in any order, which sums of floating-point numbers are not.
///
/// ```
/// use llmobs::cost::Usd;
///
/// let price = Usd::from_nanos(1_234_000);
/// assert_eq!(price.to_string(), "0.001234");
/// assert_eq!(price.saturating_add(Usd::from_nanos(1)).nanos(), 1_234_001);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(u64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Creates an amount of nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Creates an amount of whole dollars; saturates above 18 billion.
    #[must_use]
    pub const fn from_dollars(dollars: u64) -> Self {
        Self(dollars.saturating_mul(1_000_000_000))
    }

    /// Returns the amount in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Returns the amount in dollars, rounded to the nearest double. For display and export; sums must add nano-dollars.
    #[must_use]
    pub fn as_dollars(self) -> f64 {
        to_f64(self.0) / 1e9
    }

    /// Returns the sum of two amounts; the largest amount on overflow.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the amount without another one; zero if the other one is larger.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::saturating_add)
    }
}

/// Writes the dollars with as many decimals as the amount has, without a currency sign.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        if nanos == 0 {
            return write!(f, "{dollars}");
        }
        let decimals = format!("{nanos:09}");
        write!(f, "{dollars}.{}", decimals.trim_end_matches('0'))
    }
}
