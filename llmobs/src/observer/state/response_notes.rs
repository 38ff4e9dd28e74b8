//! Values that few operations have. Locks are used only here.

use crate::sync::Mutex;
use std::sync::Arc;
use std::sync::OnceLock;

use opentelemetry::trace::SpanContext;

use crate::event::RequestDetails;
use crate::observer::content::ContentSlot;
use crate::semconv::value::FinishReason;

/// The maximum number of further choices whose finish reasons are kept.
const MAX_CHOICES: usize = 128;

/// The notes of an operation, allocated when the first is set.
#[derive(Debug, Default)]
pub(crate) struct ResponseNotes(OnceLock<Box<Notes>>);

/// Values that are set at most once, from any thread.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) conversation_id: OnceLock<Arc<str>>,
    pub(crate) response_id: OnceLock<Arc<str>>,
    pub(crate) response_model: OnceLock<Arc<str>>,
    /// The type of the exception that the application reported.
    pub(crate) exception_type: OnceLock<&'static str>,
    /// The parameters of the request, if details events are emitted.
    pub(crate) request_details: OnceLock<RequestDetails>,
    /// Finish reasons of the choices after the first that ended, with their indices.
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

    /// Returns the notes, if any were set.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Notes> {
        self.0.get().map(Box::as_ref)
    }
}

impl Notes {
    /// Adds the finish reason of a further choice. Only the first reason of a choice is kept.
    #[inline]
    pub(crate) fn add_finish_reason(&self, choice: u16, reason: FinishReason) {
        let mut others = self.other_finish_reasons.lock();
        if others.len() < MAX_CHOICES && others.iter().all(|(known, _)| *known != choice) {
            others.push((choice, reason));
        }
    }

    /// Returns the finish reasons of the further choices, with their indices.
    #[inline]
    pub(crate) fn other_finish_reasons(&self) -> Vec<(u16, FinishReason)> {
        self.other_finish_reasons.lock().clone()
    }

    /// Stores the span of an attempt. Returns that of the previous one.
    #[inline]
    pub(crate) fn replace_attempt_span(&self, span: SpanContext) -> Option<SpanContext> {
        self.last_attempt_span.lock().replace(span)
    }
}
