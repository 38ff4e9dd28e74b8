//! The properties of an operation, one model call, that are known before it starts. The builder `Start` collects them.

use std::borrow::Cow;
use std::time::Duration;

use crate::clock::Moment;
use crate::semconv::value::OperationName;
use crate::semconv::value::Provider;
use crate::series::MAX_EXTRA_LABELS;
use crate::span::RequestParams;

/// The properties of an operation that are known before it starts.
#[derive(Clone)]
pub(crate) struct Call<'a> {
    /// The kind of operation, such as chat.
    pub(crate) name: OperationName,
    /// The name of the model, as the application passed it.
    pub(crate) model: &'a str,
    /// The provider; `None` is that of the observer.
    pub(crate) provider: Option<Provider>,
    /// Set if the provider is not known before the end.
    pub(crate) late_provider: bool,
    /// The start of the operation; `None` is the arrival of the request for the request's first operation, else the
    /// call of `start`.
    pub(crate) started_at: Option<Moment>,
    /// The time from the start to the deadline; `None` for no deadline.
    pub(crate) deadline: Option<Duration>,
    /// The parameters that the caller requested, for the span and the events.
    pub(crate) request: RequestParams<'a>,
    /// Set if work of the application precedes the engine's queue.
    pub(crate) prepares: bool,
    /// Set if a report of the token usage will follow; `None` is true except in the server role.
    pub(crate) reports_usage: Option<bool>,
    /// The index of the objective that the `llm_span` attribute of a function defines; `None` without one, or if the
    /// observer declares an objective of this name, which judges every operation.
    pub(crate) function_objective: Option<usize>,
    /// The name of the tenant; `None` is the tenant of the request that is being served, else none.
    pub(crate) tenant: Option<Cow<'a, str>>,
    /// The number of input tokens that the caller expects, for the reservation in budgets.
    #[cfg(feature = "cost")]
    pub(crate) expected_input_tokens: Option<u64>,
    /// The index of each application label's value, from one; zero if the label has no value.
    pub(crate) label_values: [u8; MAX_EXTRA_LABELS],
}
