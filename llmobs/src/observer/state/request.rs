//! The values that the start of an operation fixes.

use std::num::NonZeroU8;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::event::RequestDetails;
use crate::measurement::TraceLink;
use crate::observer::content::Capturing;

/// The values that `start` passes to a new operation.
pub(crate) struct StartParams {
    pub(crate) t0: u64,
    pub(crate) deadline: Option<u64>,
    pub(crate) prepares: bool,
    pub(crate) reports_usage: bool,
    pub(crate) capturing: Capturing,
    /// Bytes of content that the span already contains.
    pub(crate) used_span_bytes: Option<NonZeroUsize>,
    pub(crate) trace_link: Option<TraceLink>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) function_objective: Option<usize>,
    pub(crate) conversation_id: Option<Arc<str>>,
    pub(crate) request_details: Option<RequestDetails>,
}

/// The values that do not change while the operation runs, in as few bytes as possible.
#[derive(Debug)]
pub(crate) struct Request {
    deadline: Option<NonZeroU64>,
    max_tokens: Option<NonZeroU32>,
    /// Index plus one of the objective of the instrumented function, if it declares one.
    function_objective: Option<NonZeroU8>,
    /// Set if a report of the token usage is expected. No tokens are counted from the stream before it.
    pub(crate) reports_usage: bool,
    /// Set if content is captured and has a destination.
    pub(crate) capturing: Capturing,
    pub(crate) trace_link: Option<TraceLink>,
}

impl Request {
    #[inline]
    pub(crate) fn new(params: &StartParams) -> Self {
        Self {
            deadline: params.deadline.and_then(NonZeroU64::new),
            max_tokens: params.max_tokens.and_then(|tokens| NonZeroU32::new(u32::try_from(tokens).ok()?)),
            function_objective: params
                .function_objective
                .and_then(|index| NonZeroU8::new(u8::try_from(index + 1).ok()?)),
            reports_usage: params.reports_usage,
            capturing: params.capturing,
            trace_link: params.trace_link,
        }
    }

    #[inline]
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens.map(|tokens| tokens.get().into())
    }

    #[inline]
    pub(crate) fn function_objective(&self) -> Option<usize> {
        self.function_objective.map(|index| usize::from(index.get()) - 1)
    }

    #[inline]
    pub(crate) fn is_past_deadline(&self, now: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline.get())
    }
}
