//! The notes of an operation: values of the request and the answer that few operations have. Other state of an
//! operation is without locks; locks are used only here.

use crate::sync::Mutex;
use std::sync::Arc;
use std::sync::OnceLock;

use opentelemetry::trace::SpanContext;

use crate::event::RequestDetails;
use crate::observer::content::ContentSlot;
use crate::semconv::value::FinishReason;
use crate::usage::UsageDetails;

/// The maximum number of further choices whose finish reasons are kept.
const MAX_CHOICES: usize = 128;

/// The notes of an operation, allocated when the first is set, from any thread.
#[derive(Debug, Default)]
pub(crate) struct ResponseNotes(OnceLock<Box<Notes>>);

/// The values of the notes. Each that is in a `OnceLock` is set at most once; later values are ignored.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The conversation that the operation belongs to, up to 128 bytes.
    pub(crate) conversation_id: OnceLock<Arc<str>>,
    /// The identifier of the response from the provider, up to 128 bytes.
    pub(crate) response_id: OnceLock<Arc<str>>,
    /// The name of the model that answered, up to 128 bytes.
    pub(crate) response_model: OnceLock<Arc<str>>,
    /// The type of the exception that the application reported.
    pub(crate) exception_type: OnceLock<&'static str>,
    /// The parameters of the request, if details events are emitted.
    pub(crate) request_details: OnceLock<RequestDetails>,
    /// The modalities and the service tier of the reported usage.
    usage_details: Mutex<UsageDetails>,
    /// Finish reasons of the choices after the first that ended, at most 128, with the indices of the choices.
    other_finish_reasons: Mutex<Vec<(u16, FinishReason)>>,
    /// The span of the previous attempt.
    last_attempt_span: Mutex<Option<SpanContext>>,
    /// The input and output, if content is captured.
    pub(crate) content: ContentSlot,
}

impl ResponseNotes {
    /// Returns the notes, and allocates them on the first call.
    #[inline]
    pub(crate) fn get_or_init(&self) -> &Notes {
        self.0.get_or_init(Box::default)
    }

    /// Returns the notes; `None` if none was set.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Notes> {
        self.0.get().map(Box::as_ref)
    }
}

impl Notes {
    /// Merges the details of a report of usage into those of earlier reports.
    pub(crate) fn merge_usage_details(&self, details: UsageDetails) {
        let mut merged = self.usage_details.lock();
        *merged = details.or(*merged);
    }

    /// Returns the details of the usage reported so far.
    pub(crate) fn usage_details(&self) -> UsageDetails {
        *self.usage_details.lock()
    }

    /// Adds the finish reason of a choice after the first that ended. Only the first reason of a choice is kept, and at
    /// most 128 choices.
    #[inline]
    pub(crate) fn add_finish_reason(&self, choice: u16, reason: FinishReason) {
        let mut others = self.other_finish_reasons.lock();
        if others.len() < MAX_CHOICES && others.iter().all(|(known, _)| *known != choice) {
            others.push((choice, reason));
        }
    }

    /// Returns the finish reasons of the choices after the first that ended, with the indices of the choices.
    #[inline]
    pub(crate) fn other_finish_reasons(&self) -> Vec<(u16, FinishReason)> {
        self.other_finish_reasons.lock().clone()
    }

    /// Stores the span of an attempt, a try of the operation. Returns that of the previous attempt; `None` at the first
    /// call.
    #[inline]
    pub(crate) fn replace_attempt_span(&self, span: SpanContext) -> Option<SpanContext> {
        self.last_attempt_span.lock().replace(span)
    }
}
