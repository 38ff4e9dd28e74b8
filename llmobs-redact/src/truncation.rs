//! The state of truncation of a text.

/// The state of truncation at the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a text is complete, possibly incomplete, or incomplete by a number of bytes"
)]
pub enum Truncation {
    /// The text is complete.
    #[default]
    None,
    /// The text may be incomplete: generation stopped early, such as at the token limit, possibly in the middle of a
    /// secret.
    Unknown,
    /// This number of bytes was removed from the end. With 0, the text is complete.
    Bytes(usize),
}

impl Truncation {
    /// Returns the number of bytes known to be removed.
    #[must_use]
    pub const fn known_bytes(self) -> usize {
        match self {
            Self::None | Self::Unknown => 0,
            Self::Bytes(bytes) => bytes,
        }
    }
}
