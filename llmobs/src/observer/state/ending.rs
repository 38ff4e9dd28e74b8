//! How an operation ended.

use super::counted_tokens::CountedTokens;
use crate::semconv::value::ErrorType;
use crate::semconv::value::Outcome;
use crate::timing::TimingSummary;

/// The way in which an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Completed,
    Failed(ErrorType),
    Cancelled,
    Rejected(ErrorType),
}

impl Ending {
    pub(crate) const fn outcome(self) -> Outcome {
        match self {
            Self::Completed => Outcome::Completed,
            Self::Failed(_) => Outcome::Failed,
            Self::Cancelled => Outcome::Cancelled,
            Self::Rejected(_) => Outcome::Rejected,
        }
    }

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
    pub(crate) summary: TimingSummary,
    pub(crate) counted_tokens: CountedTokens,
}
