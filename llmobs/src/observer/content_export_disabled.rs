//! The content export of an operation without the feature `content`: nothing is exported.

use super::operation_state::OperationState;
use crate::event::ContentFields;
use crate::semconv::value::Outcome;
use crate::span::OwnedSpan;

/// An empty content export.
pub(super) struct ContentExport;

#[expect(clippy::unused_self, reason = "has the same signature as with the feature `content`")]
impl ContentExport {
    pub(super) const fn of(_state: &OperationState, _outcome: Outcome, _span: Option<&OwnedSpan>) -> Self {
        Self
    }

    pub(super) const fn set_span_attributes(&self, _span: &OwnedSpan) {}

    pub(super) const fn error_message(&self) -> Option<&str> {
        None
    }

    pub(super) fn for_event(&self) -> ContentFields {
        ContentFields::default()
    }
}
