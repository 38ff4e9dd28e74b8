//! The topics of numbers.

/// The topic of a number. The nearest keyword decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// A bank card.
    Card,
    /// A national identity number.
    NationalId,
    /// A network address.
    Network,
    /// Another count or identifier: an order, an amount, a date.
    Other,
    /// A telephone number.
    Phone,
    /// A United States social security number.
    Ssn,
    /// A version, section or build.
    Version,
}
