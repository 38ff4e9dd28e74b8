//! The way in which an operation (a model call) or its stream ended. The code that holds the operation sets it, or its
//! stream, or the `Drop` of either; `engine::end` records it.

use super::counted_tokens::CountedTokens;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::timing::TimingSummary;

/// The way in which an operation ended: its outcome, with the error type of a failure or rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer was complete.
    Completed,
    /// The engine, the provider or the application failed.
    Failed(ErrorType),
    /// The caller left before the answer was complete.
    Cancelled,
    /// The operation was never admitted.
    Rejected(ErrorType),
}

impl Ending {
    /// Returns the outcome without the error type.
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Cancelled => Outcome::Cancelled,
            Self::Rejected(_) => Outcome::Rejected,
        }
    }

    /// Returns the value of `error.type`: `None` for a completed operation, and `cancelled` for a cancelled one.
    pub(crate) const fn error_type(self) -> Option<ErrorType> {
        match self {
            Self::Completed => None,
            Self::Failed(error) | Self::Rejected(error) => Some(error),
            Self::Cancelled => Some(ErrorType::Cancelled),
        }
    }
}

/// The results of a stream at its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamEnd {
    /// The times that were measured: decode time, longest gap and consumer wait.
    pub(crate) summary: TimingSummary,
    /// The output tokens that were counted from the items.
    pub(crate) counted_tokens: CountedTokens,
    /// The number of markers that the stream itself holds, and that are dropped with it.
    pub(crate) own_markers: u8,
}
