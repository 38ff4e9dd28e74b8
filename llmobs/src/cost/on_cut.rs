//! The price of a stream that broke off before the provider reported its usage.

/// The rule for the price of a stream that broke off before the provider reported its usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OnCut {
    /// The counted output and the known input are priced.
    #[default]
    Estimate,
    /// The known input and as much output as the request allowed are priced.
    Full,
    /// The stream is unpriced.
    Unpriced,
}
