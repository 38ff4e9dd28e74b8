//! An operation that its owner or its stream holds until the end.

use std::sync::Arc;

use super::operation_state::OperationState;
use crate::span::OwnedSpan;

/// An enabled operation, its index in the in-flight registry and its span.
#[derive(Debug)]
pub(crate) struct RunningOperation {
    pub(crate) state: Arc<OperationState>,
    pub(crate) slot: usize,
    pub(crate) span: Option<Box<OwnedSpan>>,
}
