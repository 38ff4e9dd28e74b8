//! What is missing behind a text.

/// What is missing behind a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Truncation {
    /// Nothing: it is whole.
    #[default]
    None,
    /// Nobody knows: it was broken off, as by the limit of tokens, and may end in the middle of something.
    Unknown,
    /// So many bytes, which were left out.
    Bytes(usize),
}

impl Truncation {
    /// The bytes that are known to be missing.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::None | Self::Unknown => 0,
            Self::Bytes(bytes) => bytes,
        }
    }
}
