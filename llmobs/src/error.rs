//! Errors: failures of the application's operations, and errors of the set-up of llmobs.

use std::fmt;

use crate::content::Content;
use crate::semconv::value::ErrorType;

/// The reason for which an operation failed, was rejected or was cancelled: an error type for the metrics and,
/// optionally, an error text.
///
/// The text is [`Content`], because the error of an upstream may quote the prompt. The text is never used as a label,
/// and is exported only where the capture of content is enabled.
///
/// ```
/// use llmobs::{ErrorType, Failure};
///
/// let failure = Failure::new(ErrorType::Inference).message("the sampler saw NaN");
/// assert_eq!(failure.error_type(), ErrorType::Inference);
/// assert_eq!(Failure::from(ErrorType::Timeout), Failure::new(ErrorType::Timeout));
/// ```
///
/// # Error types of the application
///
/// Implement `From<&Error>` for `Failure` to give an error of the application its error type. The error can then end an
/// operation wherever an [`ErrorType`] can: in [`Operation::end_with_error`](crate::Operation::end_with_error), in
/// [`Chunk::error`](crate::Chunk::error), and as the `Err` of a function or stream with `#[llm_span]`. Each of them
/// decides between `rejected`, `failed` and `cancelled` by the error type.
///
/// ```
/// use futures_util::{StreamExt, stream};
/// use llmobs::{Chunk, ErrorType, Failure, Observer};
///
/// enum ChatError {
///     QueueFull,
///     Engine,
/// }
///
/// impl From<&ChatError> for Failure {
///     fn from(error: &ChatError) -> Self {
///         let error_type = match error {
///             ChatError::QueueFull => ErrorType::Overloaded,
///             ChatError::Engine => ErrorType::Inference,
///         };
///         Self::new(error_type).caused_by(error)
///     }
/// }
///
/// // An answer that is not streamed:
/// async fn whole(observer: &Observer) -> Result<String, ChatError> {
///     let operation = observer.chat("m").start();
///     let answer: Result<String, ChatError> = operation.run(async { Err(ChatError::QueueFull) }).await;
///     match &answer {
///         Ok(_) => operation.complete(),
///         Err(error) => operation.end_with_error(error), // rejected
///     }
///     answer
/// }
///
/// // The items of a stream:
/// fn to_chunk(item: &Result<u32, ChatError>) -> Chunk {
///     item.as_ref().map_or_else(Chunk::error, |tokens| Chunk::tokens(*tokens))
/// }
///
/// # #[cfg(feature = "macros")]
/// #[llmobs::llm_span(chat, observer = observer, model = "m")]
/// fn attributed(observer: &Observer) -> Result<String, ChatError> {
///     Err(ChatError::Engine) // failed
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let observer = Observer::builder().model("m").build()?;
/// # let _ = whole(&observer).await;
/// # let items = stream::iter([Ok(1), Err(ChatError::Engine)]);
/// # observer.chat("m").start().observe_with(items, to_chunk).count().await;
/// # #[cfg(feature = "macros")]
/// # let _ = attributed(&observer);
/// # #[cfg(all(feature = "macros", feature = "testing"))] {
/// # let books = llmobs::testing::Books::new(&observer);
/// # assert_eq!((books.rejected, books.failed), (1, 2));
/// # }
/// # Ok::<(), llmobs::BuildError>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Failure {
    error_type: ErrorType,
    message: Option<Content<String>>,
    exception_type: Option<&'static str>,
}

impl Failure {
    /// Creates a failure of this error type, without text.
    pub const fn new(error_type: ErrorType) -> Self {
        Self { error_type, message: None, exception_type: None }
    }

    /// Sets the text of the error.
    pub fn message(mut self, text: impl Into<Content<String>>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Sets the exception type to the Rust type name of `error`. The log event `gen_ai.client.operation.exception`,
    /// which is emitted for failed operations, carries the exception type, by default the error type. The message of
    /// `error` is not read, because the message may quote the prompt.
    ///
    /// ```
    /// use llmobs::{ErrorType, Failure};
    ///
    /// let error = "x".parse::<u8>().unwrap_err();
    /// let failure = Failure::new(ErrorType::InvalidRequest).caused_by(&error);
    /// # let _ = failure;
    /// ```
    pub fn caused_by<E: ?Sized>(mut self, _error: &E) -> Self {
        self.exception_type = Some(std::any::type_name::<E>());
        self
    }

    /// Returns the error type.
    #[must_use]
    pub const fn error_type(&self) -> ErrorType {
        self.error_type
    }

    pub(crate) const fn exception_type(&self) -> Option<&'static str> {
        self.exception_type
    }

    /// Returns the text of the error, still sealed as [`Content`]; `None` without a text.
    #[must_use]
    pub const fn message_content(&self) -> Option<&Content<String>> {
        self.message.as_ref()
    }
}

impl From<ErrorType> for Failure {
    fn from(error_type: ErrorType) -> Self {
        Self::new(error_type)
    }
}

impl From<&ErrorType> for Failure {
    fn from(error_type: &ErrorType) -> Self {
        Self::new(*error_type)
    }
}

impl From<&Self> for Failure {
    fn from(failure: &Self) -> Self {
        failure.clone()
    }
}

/// Returns the failure of an answer with this status; `_OTHER` for a status that is not an error.
#[cfg(feature = "tower")]
impl From<http::StatusCode> for Failure {
    fn from(status: http::StatusCode) -> Self {
        Self::new(ErrorType::from_http_status(status.as_u16()).unwrap_or(ErrorType::Other))
    }
}

#[cfg(feature = "tower")]
impl From<&http::StatusCode> for Failure {
    fn from(status: &http::StatusCode) -> Self {
        Self::from(*status)
    }
}

/// Returns the error type for the status of this process's own response: as for that of an upstream, except that a 500
/// is `internal`. Returns `None` for a status that is not an error.
#[cfg(feature = "tower")]
pub(crate) fn error_of_own_status(status: http::StatusCode) -> Option<ErrorType> {
    match status {
        http::StatusCode::INTERNAL_SERVER_ERROR => Some(ErrorType::Internal),
        status => ErrorType::from_http_status(status.as_u16()),
    }
}

/// The reason for which [`ObserverBuilder::build`](crate::ObserverBuilder::build) failed. The message of each variant
/// names the setter to change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// The registry already holds the metrics of an observer.
    AlreadyRegistered,
    /// The settings allow more label sets for one metric than the backend stores.
    TooManySeries {
        /// The maximum number of label sets that the settings allow for one metric.
        label_sets: usize,
        /// The maximum number of label sets that the backend stores.
        limit: usize,
    },
    /// The budgets are not valid, or there are no prices for them.
    #[cfg(feature = "cost")]
    InvalidBudgets {
        /// The reason as text.
        reason: String,
    },
    /// The settings of tenants allow more label sets for one metric than the backend stores.
    TooManyTenants {
        /// The maximum number of label sets that the settings allow for one metric.
        label_sets: usize,
        /// The maximum number of label sets that the backend stores.
        limit: usize,
    },
    /// A label, phase, evaluation, objective, tenant or priority is not valid: its name or value, a name that is declared
    /// twice, a label without values or with more than 255, a fifth label, or a ninth priority.
    InvalidLabel {
        /// The setter that received the name or value.
        setter: &'static str,
        /// The name or value that is not valid.
        name: String,
        /// The reason for which the name or value is not valid.
        reason: &'static str,
    },
    /// A histogram has more bucket bounds than the local histogram of a stream can hold.
    TooManyBucketBounds {
        /// The name of the metric that has too many bounds.
        metric: &'static str,
        /// The number of bucket bounds.
        bounds: usize,
        /// The maximum number of bucket bounds.
        limit: usize,
    },
    /// The meter provider that was set records nothing: a no-op provider, a provider without a reader, or a provider
    /// that was shut down.
    NoopMeter,
    /// Bound instruments are enabled in the OpenTelemetry API and disabled in the SDK of the meter provider, so every
    /// measurement would be lost.
    BoundInstrumentsMismatch,
    /// The channel of `on_end_channel` has a capacity of 0, so every record would be dropped.
    RecordChannelWithoutCapacity,
    /// An environment variable `LLMOBS_PSEUDONYM_KEY*` leads to an invalid key or contains an invalid key id. The
    /// variables are read only if the setter `pseudonyms` is not called.
    InvalidPseudonymKey {
        /// The reason for which the key or key id is invalid. The text contains no part of the key.
        reason: String,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyRegistered => f.write_str(
                "`registry`: the registry already contains the metrics of an llmobs observer; share that observer \
                 (`clone`, `as_role`) or set another registry",
            ),
            Self::TooManySeries { label_sets, limit } => write!(
                f,
                "`models`, `max_undeclared_models`, `operations`, `label`: together these settings allow {label_sets} label \
                 sets for one metric, more than the limit of {limit}; declare fewer values, or raise `series_limit` \
                 together with the cardinality limit of your OpenTelemetry SDK"
            ),
            #[cfg(feature = "cost")]
            Self::InvalidBudgets { reason } => write!(f, "`budgets`: {reason}"),
            Self::TooManyTenants { label_sets, limit } => write!(
                f,
                "`tenants`, `max_undeclared_tenants`: these settings allow {label_sets} label sets for one metric, more \
                 than the limit of {limit}; permit fewer tenants, or raise `series_limit` together with the cardinality \
                 limit of your OpenTelemetry SDK"
            ),
            Self::InvalidLabel { setter, name, reason } => write!(f, "`{setter}`: {name:?} cannot be used: {reason}"),
            Self::TooManyBucketBounds { metric, bounds, limit } => write!(
                f,
                "`objective`, `buckets`: {metric} would have {bounds} bucket bounds, more than the maximum of {limit}; \
                 remove objectives or choose a coarser bucket set"
            ),
            Self::NoopMeter => f.write_str(
                "`meter_provider`: this provider records nothing: it is a no-op, has no reader, or is shut down",
            ),
            Self::BoundInstrumentsMismatch => f.write_str(
                "`meter_provider`: bound instruments are enabled in `opentelemetry` and disabled in the SDK of this \
                 provider, so every measurement would be lost; enable the feature \
                 `experimental_metrics_bound_instruments` of your `opentelemetry_sdk`, or disable the feature \
                 `otel-bound` of llmobs",
            ),
            Self::RecordChannelWithoutCapacity => f.write_str(
                "`on_end_channel`: a channel of capacity 0 holds no record; pass the number of records that may wait",
            ),
            Self::InvalidPseudonymKey { reason } => write!(f, "LLMOBS_PSEUDONYM_KEY*: {reason}"),
        }
    }
}

impl std::error::Error for BuildError {}
