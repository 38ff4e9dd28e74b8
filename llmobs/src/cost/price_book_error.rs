//! Errors of price books.

use std::error::Error;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;

/// The error in the file or text of an overlay: unreadable, not TOML or JSON, or against the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBookError {
    path: Option<PathBuf>,
    line: Option<usize>,
    message: String,
}

impl PriceBookError {
    /// Creates an error without a place.
    pub(super) const fn new(message: String) -> Self {
        Self { path: None, line: None, message }
    }

    /// Creates an error at a line of a text; the first line is 1.
    pub(super) const fn at_line(line: usize, message: String) -> Self {
        Self { path: None, line: Some(line), message }
    }

    /// Sets the file of the error.
    pub(super) fn in_file(mut self, path: &Path) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Returns the line of the error, if it has one; the first line is 1.
    #[must_use]
    pub const fn line(&self) -> Option<usize> {
        self.line
    }
}

impl fmt::Display for PriceBookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Error for PriceBookError {}
