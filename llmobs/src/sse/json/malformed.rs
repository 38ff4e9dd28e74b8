//! The error of a text that is not JSON.

/// The text is not JSON, or it is nested deeper than the limit of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sse) struct Malformed;

pub(in crate::sse) type Result<T> = std::result::Result<T, Malformed>;
