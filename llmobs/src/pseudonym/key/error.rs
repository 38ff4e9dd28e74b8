//! The error of reading a key.

use std::error;
use std::fmt;
use std::io::ErrorKind;

/// The reason for which a key was refused. Contains no part of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError {
    message: &'static str,
    /// The kind of I/O error, without the file's name, which may be confidential.
    cause: Option<ErrorKind>,
}

impl KeyError {
    pub(in super::super) const NAME: Self = Self::of("the name of a key has 1 to 16 letters, digits, `-` and `_`");
    pub(super) const SHORT: Self = Self::of("a key of pseudonyms has 32 bytes or more");
    pub(super) const WEAK: Self =
        Self::of("a key of pseudonyms is made by chance: this one has too few different bytes");
    pub(super) const FORM: Self = Self::of("a key of pseudonyms is written in hexadecimal digits or in base64");
    pub(super) const LONG: Self = Self::of("the file of the key of pseudonyms is longer than 4 KiB");

    pub(super) const fn file(cause: ErrorKind) -> Self {
        Self { message: "the file of the key of pseudonyms cannot be read", cause: Some(cause) }
    }

    const fn of(message: &'static str) -> Self {
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
