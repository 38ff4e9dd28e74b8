//! The guard of a request in the queue.

use std::sync::Arc;

use super::decision::Decision;
use super::state::AdmissionState;
use crate::semconv::value::ShedReason;

/// A request in the queue of the admission control, from [`Admission::queued`](super::Admission::queued) to its decision.
/// `llmobs.admission.queue.length` counts it meanwhile. A guard that is dropped without a decision is recorded as shed
/// with the reason `cancelled`: the caller left, or the task that held the guard was aborted or panicked.
#[derive(Debug)]
#[must_use = "a guard that is dropped records its request as cancelled"]
pub struct Queued {
    /// The admission and the index of the priority; `None` after the decision, and for a disabled observer.
    entry: Option<(Arc<AdmissionState>, usize)>,
}

impl Queued {
    pub(super) fn new(state: Option<&Arc<AdmissionState>>, priority: &str) -> Self {
        let entry = state.map(|state| {
            let index = state.index(priority);
            state.priority(index).enter_queue();
            (Arc::clone(state), index)
        });
        Self { entry }
    }

    /// Records that the request was admitted after its time in the queue, as `admitted_queued`.
    pub fn admit(mut self) {
        self.leave(Decision::AdmittedQueued);
    }

    /// Records that the request was shed out of the queue. Its operation, if it has one, ends with
    /// [`ShedReason::error_type`].
    pub fn shed(mut self, reason: ShedReason) {
        self.leave(Decision::Shed(reason));
    }

    fn leave(&mut self, decision: Decision) {
        if let Some((state, index)) = self.entry.take() {
            // Counted before it leaves, so that no collection misses a request.
            state.record(index, decision);
            state.priority(index).leave_queue();
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.leave(Decision::Shed(ShedReason::Cancelled));
    }
}
