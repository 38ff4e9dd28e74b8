//! The kinds of thing that a number in a text can denote.

/// The kind of thing that a number in a text denotes, according to the last keyword before it, such as `phone` or
/// `order`.
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
