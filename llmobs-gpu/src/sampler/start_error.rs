//! The error of a start.

use std::error::Error;
use std::fmt;
use std::io;

use llmobs::metric::RegisterError;

/// The reason for which a sampler did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The name of a metric is in use, for example by another sampler of the same observer.
    Register(RegisterError),
    /// The operating system cannot create a thread.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(_) => f.write_str("a metric of the sampler cannot be registered"),
            Self::Thread(_) => f.write_str("the thread of the sampler cannot be created"),
        }
    }
}

impl Error for StartError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Register(error) => Some(error),
            Self::Thread(error) => Some(error),
        }
    }
}

impl From<RegisterError> for StartError {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Thread(error)
    }
}
