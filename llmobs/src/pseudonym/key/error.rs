//! The error of a key or a key id.

use std::error;
use std::fmt;
use std::io::ErrorKind;

/// The reason for which a key or a key id was refused. Contains no part of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    message: &'static str,
    /// The kind of I/O error, without the file's name, which may be confidential.
    cause: Option<ErrorKind>,
}

impl KeyError {
    pub(in super::super) const INVALID_KEY_ID: Self =
        Self::new("the name of a key must have 1 to 16 letters, digits, `-` and `_`");
    pub(super) const TOO_SHORT: Self = Self::new("a pseudonym key must have 32 bytes or more");
    pub(super) const WEAK: Self = Self::new("a pseudonym key must be random: this one has too few different bytes");
    pub(super) const INVALID_ENCODING: Self =
        Self::new("a pseudonym key must be written in hexadecimal digits or in base64");
    pub(super) const FILE_TOO_LONG: Self = Self::new("the file of the pseudonym key is longer than 4 KiB");

    pub(super) const fn unreadable_file(cause: ErrorKind) -> Self {
        Self { message: "the file of the pseudonym key cannot be read", cause: Some(cause) }
    }

    const fn new(message: &'static str) -> Self {
        Self { message, cause: None }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message)?;
        self.cause.map_or(Ok(()), |cause| write!(f, ": {cause}"))
    }
}

impl error::Error for KeyError {}
