//! What can go wrong: with an operation of the user, and with the set-up of llmobs.

use std::fmt;

use crate::content::Content;
use crate::semconv::value::ErrorType;

/// Why an operation failed or was rejected: a type for the metrics and, if there is one, the text.
///
/// The text is [`Content`]: an upstream's error may quote the prompt. It never becomes a label, and goes nowhere unless
/// events have content.
///
/// ```
/// use llmobs::{ErrorType, Failure};
///
/// let failure = Failure::new(ErrorType::Inference).message("the sampler saw NaN");
/// assert_eq!(failure.error_type(), ErrorType::Inference);
/// assert_eq!(Failure::from(ErrorType::Timeout), Failure::new(ErrorType::Timeout));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    error_type: ErrorType,
    message: Option<Content<String>>,
    exception: Option<&'static str>,
}

impl Failure {
    /// A failure of this type, without text.
    pub const fn new(error_type: ErrorType) -> Self {
        Self { error_type, message: None, exception: None }
    }

    /// The text of the error.
    pub fn message(mut self, text: impl Into<Content<String>>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// The error that it was. Its type goes into the log event `gen_ai.client.operation.exception`; what it says does
    /// not, since it may quote the prompt.
    ///
    /// ```
    /// use llmobs::{ErrorType, Failure};
    ///
    /// let error = "x".parse::<u8>().unwrap_err();
    /// let failure = Failure::new(ErrorType::InvalidRequest).caused_by(&error);
    /// # let _ = failure;
    /// ```
    pub fn caused_by<E: ?Sized>(mut self, _error: &E) -> Self {
        self.exception = Some(std::any::type_name::<E>());
        self
    }

    /// The type of the error.
    #[must_use]
    pub const fn error_type(&self) -> ErrorType {
        self.error_type
    }

    pub(crate) const fn exception(&self) -> Option<&'static str> {
        self.exception
    }

    /// The text of the error, still sealed.
    #[must_use]
    pub const fn text(&self) -> Option<&Content<String>> {
        self.message.as_ref()
    }
}

impl From<ErrorType> for Failure {
    fn from(error_type: ErrorType) -> Self {
        Self::new(error_type)
    }
}

/// Why [`ObserverBuilder::build`](crate::ObserverBuilder::build) refused. Each message names the setter to change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The registry already holds the metrics of an observer.
    AlreadyRegistered,
    /// More label sets could arise than the backend keeps.
    TooManySeries {
        /// The most sets that these settings can give one metric.
        sets: usize,
        /// How many the backend keeps.
        limit: usize,
    },
    /// A label, phase or evaluation name, or one of its values, cannot be used.
    InvalidLabel {
        /// The setter that was given the name.
        setter: &'static str,
        /// The name or value.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// More exact bucket edges than a stream's own histogram holds.
    TooManyBucketBounds {
        /// The row whose edges are too many.
        metric: &'static str,
        /// How many edges there are.
        edges: usize,
        /// How many fit.
        limit: usize,
    },
    /// The meter provider that was given records nothing.
    NoopMeter,
    /// Bound instruments are on in the API and off in the SDK behind the meter: every measurement would be lost.
    BoundInstrumentsMismatch,
    /// The environment has a key for pseudonyms that cannot be used.
    InvalidPseudonymKey {
        /// Why not. It says nothing of the key.
        reason: String,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRegistered => f.write_str(
                "`registry`: this registry already holds llmobs metrics; share one observer (`clone`, `as_role`) \
                 or give another registry",
            ),
            Self::TooManySeries { sets, limit } => write!(
                f,
                "`models`, `undeclared_models`, `operations`, `label`: together they allow {sets} label sets of one \
                 metric, more than the {limit} that are kept; declare fewer, or raise `series_limit` if your SDK's \
                 cardinality limit is raised too"
            ),
            Self::InvalidLabel { setter, name, reason } => write!(f, "`{setter}`: {name:?} cannot be used: {reason}"),
            Self::TooManyBucketBounds { metric, edges, limit } => write!(
                f,
                "`objective`, `buckets`: {metric} would have {edges} bucket edges, and at most {limit} fit; drop \
                 objectives or choose a coarser bucket set"
            ),
            Self::NoopMeter => f.write_str(
                "`meter_provider`: this provider records nothing (a no-op, without a reader, or already shut down)",
            ),
            Self::BoundInstrumentsMismatch => f.write_str(
                "`meter_provider`: bound instruments are on in `opentelemetry` and off in the SDK behind this \
                 provider, so every measurement would be lost; switch on the feature \
                 `experimental_metrics_bound_instruments` of your `opentelemetry_sdk`, or drop the feature \
                 `otel-bound` of llmobs",
            ),
            Self::InvalidPseudonymKey { reason } => write!(f, "`pseudonyms`, or the key in the environment: {reason}"),
        }
    }
}

impl std::error::Error for BuildError {}
