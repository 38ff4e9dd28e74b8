//! The error of building a pipeline.

use std::fmt;

/// The reason for which a pipeline could not be installed ([`init`](super::init)), built
/// ([`PipelineBuilder::build`](super::PipelineBuilder::build)) or checked
/// ([`PipelineBuilder::check`](super::PipelineBuilder::check)). The message says what to change, except for that of
/// `Thread`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InitError {
    /// Another pipeline is already installed in this process. Only `init` returns this error.
    AlreadyRunning,
    /// A `tracing` subscriber is already set. Only `init` returns this error.
    SubscriberAlreadySet,
    /// A setting cannot be used, such as an endpoint, a header, or the file of a certificate or key.
    InvalidSetting {
        /// The name of the setter or environment variable, the path of the file, or the name of a feature.
        name: String,
        /// The reason for which the value cannot be used.
        reason: String,
    },
    /// The operating system could not start the export thread, or the thread ended immediately. Contains the reason.
    Thread(String),
}

impl InitError {
    pub(super) fn invalid_setting(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidSetting { name: name.into(), reason: reason.into() }
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRunning => f.write_str(
                "`init`: a pipeline is already installed in this process; shut it down before you install another, or \
                 call `build`, which installs nothing",
            ),
            Self::SubscriberAlreadySet => f.write_str(
                "`init`: a `tracing` subscriber is already set; call `without_subscriber()` and add \
                 `Pipeline::layer()` to the registry of your subscriber",
            ),
            Self::InvalidSetting { name, reason } => write!(f, "`{name}`: {reason}"),
            Self::Thread(reason) => write!(f, "cannot start the export thread: {reason}"),
        }
    }
}

impl std::error::Error for InitError {}
