//! The [`Phase`], a guard that measures a part of an operation (model call).

use std::fmt;
use std::sync::Arc;

use super::state::operation_state::OperationState;
use crate::catalog::RowId;

/// A guard that measures a phase of an operation, a part that the application names. When it is dropped, the time since
/// its creation is recorded in `llmobs.phase.duration`, in seconds, also after the end of the operation.
#[must_use = "the phase ends when the guard is dropped"]
pub struct Phase(pub(super) Option<(Arc<OperationState>, usize, u64)>);

impl Drop for Phase {
    fn drop(&mut self) {
        if let Some((state, index, started_at)) = self.0.take() {
            state.series.record_duration(RowId::Phase, index, state.now().saturating_sub(started_at), None);
        }
    }
}

impl fmt::Debug for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phase").field("recorded", &self.0.is_some()).finish()
    }
}
