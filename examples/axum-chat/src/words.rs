//! The words of llmobs that the server needs before llmobs is wired in.

use std::time::Duration;
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(Instant);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorType {
    Inference,
    Internal,
    InvalidRequest,
    Overloaded,
    Shutdown,
    Timeout,
}

impl ErrorType {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Internal => "internal",
            Self::InvalidRequest => "invalid_request",
            Self::Overloaded => "overloaded",
            Self::Shutdown => "shutdown",
            Self::Timeout => "timeout",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FinishReason {
    Length,
    Stop,
}

impl FinishReason {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Stop => "stop",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OperationName {
    Chat,
    TextCompletion,
}

impl OperationName {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::TextCompletion => "text_completion",
        }
    }
}
