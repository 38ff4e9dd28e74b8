//! The error of the builder of a redactor.

use std::error;
use std::fmt;

/// The error of [`RedactorBuilder::build`](super::RedactorBuilder::build). The message names the setter to change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedactorBuildError {
    message: String,
}

impl RedactorBuildError {
    pub(super) fn new(what: &str, error: &dyn error::Error) -> Self {
        let mut message = format!("`detector`: {what} cannot be compiled: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            message = format!("{message}: {cause}");
            source = cause.source();
        }
        Self { message }
    }

    pub(super) fn invalid_name(name: &str) -> Self {
        let message = format!(
            "`detector`: the label {name:?} cannot be used: a label has 2 to 32 characters, begins with a capital letter, \
             contains only capital letters, `_` and up to 4 digits, and has no part longer than 16 characters without a \
             `_`"
        );
        Self { message }
    }
}

impl fmt::Display for RedactorBuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl error::Error for RedactorBuildError {}
