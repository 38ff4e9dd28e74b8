//! The error of the set-up of a backend.

use std::fmt;

/// A rule of a backend that is not valid. [`BackendBuilder::build`](super::BackendBuilder::build) returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackendError {
    /// The setter that received the value.
    pub setter: &'static str,
    /// The reason for which the value is not valid.
    pub reason: &'static str,
}

impl fmt::Display for BackendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.setter, self.reason)
    }
}

impl std::error::Error for BackendError {}
