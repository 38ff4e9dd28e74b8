//! The facts that determine the price of an attempt.

use std::time::SystemTime;

use crate::usage::Usage;

/// One attempt of an operation, with the facts that determine its price.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Billable<'a> {
    /// The provider that answered.
    pub(crate) provider: &'a str,
    /// The model that the provider reported; `None` if it reported none.
    pub(crate) response_model: Option<&'a str>,
    /// The model that was requested. It is priced if the book does not know that of the response.
    pub(crate) request_model: &'a str,
    /// The usage of the attempt, as reported, estimated, or with the counted output if nothing was reported.
    pub(crate) usage: Usage,
    /// Set if a number of the usage was counted and not reported.
    pub(crate) is_counted: bool,
    /// Set if the answer broke off before the provider reported its usage.
    pub(crate) is_cut: bool,
    /// The maximum number of output tokens that was requested, if known.
    pub(crate) max_tokens: Option<u64>,
    /// The date of the prices: the start of the operation.
    pub(crate) at: SystemTime,
}
