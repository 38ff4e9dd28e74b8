//! An operation, one model call, that has started and not ended, as its owner or its stream holds it. `engine::end`
//! consumes it, so an operation ends once.

use std::sync::Arc;

use super::operation_state::OperationState;
use crate::span::OwnedSpan;

/// An enabled operation until its end: the shared state, its index in the in-flight registry and its span.
#[derive(Debug)]
pub(crate) struct RunningOperation {
    /// The state that markers and the in-flight registry share.
    pub(crate) state: Arc<OperationState>,
    /// The index of the operation in the in-flight registry.
    pub(crate) slot: usize,
    /// The span of the operation; `None` if no `tracing` subscriber enables it.
    pub(crate) span: Option<Box<OwnedSpan>>,
}
