//! The values that the start of an operation, a model call, fixes: its deadline, its limits and the settings of its
//! recording.

use std::num::NonZeroU8;
use std::num::NonZeroU32;
use std::num::NonZeroU64;
use std::num::NonZeroUsize;
use std::sync::Arc;

#[cfg(feature = "cost")]
use super::cost_account::CostAccount;
use super::tenant::Tenant;
use crate::event::RequestDetails;
use crate::measurement::TraceLink;
use crate::observer::content::Capturing;
use crate::span::ServedRequest;

/// The values that `engine::start` passes to the state of a new operation.
pub(crate) struct StartParams {
    /// The number of the operation in its record; `None` if the application receives no records.
    pub(crate) record_number: Option<NonZeroU64>,
    /// The start of the operation, in nanoseconds on the observer's clock.
    pub(crate) t0: u64,
    /// The moment of the deadline, in nanoseconds; `None` for no deadline.
    pub(crate) deadline: Option<u64>,
    /// Set if work of the application precedes the engine's queue.
    pub(crate) prepares: bool,
    /// Set if a report of the token usage is expected.
    pub(crate) reports_usage: bool,
    /// Set if the span carries the provider from the end on, and not from the start.
    pub(crate) is_provider_late: bool,
    /// Set if content is captured and has a destination.
    pub(crate) capturing: Capturing,
    /// Bytes of content that the span already contains; `None` for zero.
    pub(crate) used_span_bytes: Option<NonZeroUsize>,
    /// The ids of the operation's span, or of the span in which it starts; `None` if that is not sampled.
    pub(crate) trace_link: Option<TraceLink>,
    /// True if the caller requested a stream; `None` if this is not known.
    pub(crate) stream: Option<bool>,
    /// The maximum number of output tokens that the caller requested.
    pub(crate) max_tokens: Option<u64>,
    /// The index of the objective of the instrumented function, if it declares one.
    pub(crate) function_objective: Option<usize>,
    /// The conversation that the operation belongs to, up to 128 bytes.
    pub(crate) conversation_id: Option<Arc<str>>,
    /// The name of the tenant, up to 128 bytes, if records include it.
    pub(crate) tenant_name: Option<Arc<str>>,
    /// The parameters of the request, if details events are emitted.
    pub(crate) request_details: Option<RequestDetails>,
    /// The server's request, if its span describes this operation.
    pub(crate) served_request: Option<Arc<ServedRequest>>,
    /// The tenant; `None` if the observer records no tenants.
    pub(crate) tenant: Option<Arc<Tenant>>,
    /// The account of the costs; `None` if the observer has no prices.
    #[cfg(feature = "cost")]
    pub(crate) cost: Option<Box<CostAccount>>,
}

/// The values that do not change while the operation runs, in as few bytes as possible.
#[derive(Debug)]
pub(crate) struct Request {
    /// The number of the operation in its record; `None` if the application receives no records.
    pub(crate) record_number: Option<NonZeroU64>,
    /// The moment of the deadline, in nanoseconds.
    deadline: Option<NonZeroU64>,
    max_tokens: Option<NonZeroU32>,
    /// Index plus one of the objective of the instrumented function, if it declares one.
    function_objective: Option<NonZeroU8>,
    /// Bits of `REPORTS_USAGE`, `STREAM_KNOWN`, `STREAM_REQUESTED`, `PROVIDER_LATE` and `PREPARES`.
    flags: u8,
    /// Set if content is captured and has a destination.
    pub(crate) capturing: Capturing,
    /// The ids of the operation's span, or of the span in which it started; `None` if that is not sampled.
    pub(crate) trace_link: Option<TraceLink>,
}

const REPORTS_USAGE: u8 = 1;
const STREAM_KNOWN: u8 = 2;
const STREAM_REQUESTED: u8 = 4;
const PROVIDER_LATE: u8 = 8;
const PREPARES: u8 = 16;

impl Request {
    /// Returns the values in their small form. Values that do not fit are discarded: a maximum of tokens of 0 or over
    /// 4,294,967,295, a deadline of 0, and an objective index over 254.
    #[inline]
    pub(crate) fn new(params: &StartParams) -> Self {
        Self {
            record_number: params.record_number,
            deadline: params.deadline.and_then(NonZeroU64::new),
            max_tokens: params.max_tokens.and_then(|tokens| NonZeroU32::new(u32::try_from(tokens).ok()?)),
            function_objective: params
                .function_objective
                .and_then(|index| NonZeroU8::new(u8::try_from(index + 1).ok()?)),
            flags: [
                (REPORTS_USAGE, params.reports_usage),
                (STREAM_KNOWN, params.stream.is_some()),
                (STREAM_REQUESTED, params.stream == Some(true)),
                (PROVIDER_LATE, params.is_provider_late),
                (PREPARES, params.prepares),
            ]
            .into_iter()
            .fold(0, |flags, (flag, is_set)| if is_set { flags | flag } else { flags }),
            capturing: params.capturing,
            trace_link: params.trace_link,
        }
    }

    /// Returns whether a report of the token usage is expected. The tokens that the stream counts are then not recorded
    /// while it runs; they are recorded at the end if no report came.
    #[inline]
    pub(crate) const fn reports_usage(&self) -> bool {
        self.flags & REPORTS_USAGE != 0
    }

    /// Returns whether the span carries the provider from the end on, and not from the start.
    #[inline]
    pub(crate) const fn is_provider_late(&self) -> bool {
        self.flags & PROVIDER_LATE != 0
    }

    /// Returns whether work of the application precedes the engine's queue.
    #[inline]
    pub(crate) const fn has_preparation(&self) -> bool {
        self.flags & PREPARES != 0
    }

    /// Returns whether the caller requested a stream; `None` if this is not known.
    pub(crate) fn stream(&self) -> Option<bool> {
        (self.flags & STREAM_KNOWN != 0).then_some(self.flags & STREAM_REQUESTED != 0)
    }

    /// Returns the maximum number of output tokens that the caller requested; `None` if it requested none, or
    /// one that does not fit.
    #[inline]
    pub(crate) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens.map(|tokens| tokens.get().into())
    }

    /// Returns the index of the objective of the instrumented function; `None` if it declares none, or if
    /// the index is over 254.
    #[inline]
    pub(crate) fn function_objective(&self) -> Option<usize> {
        self.function_objective.map(|index| usize::from(index.get()) - 1)
    }

    /// Returns whether the deadline has passed at `now`, in nanoseconds; `false` without a deadline.
    #[inline]
    pub(crate) fn is_past_deadline(&self, now: u64) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline.get())
    }
}
