//! The handle of an admission, which the admission control of the application holds.

use std::sync::Arc;

use super::decision::Decision;
use super::queued::Queued;
use super::state::AdmissionState;
use crate::semconv::value::ShedReason;

/// A handle for the admission control in front of a model. Call exactly one of [`admitted`](Self::admitted),
/// [`queued`](Self::queued) and [`shed`](Self::shed) for each request: the sum of `llmobs.admission.decisions` and
/// `llmobs.admission.queue.length` is then the number of requests. None of them allocates or locks.
///
/// A priority is one of the names that the builder declared. Any other name is recorded as `_OTHER`, and counted in
/// `llmobs.self.folded_labels`.
///
/// Cheap to clone; all clones are handles of one admission. When the last one and the last [`Queued`] are dropped, the
/// queue length and the limits disappear, and the decisions remain.
#[derive(Debug, Clone)]
pub struct Admission {
    /// `None` for a disabled observer.
    state: Option<Arc<AdmissionState>>,
}

impl Admission {
    pub(super) const fn new(state: Option<Arc<AdmissionState>>) -> Self {
        Self { state }
    }

    /// Records that a request was admitted without a wait.
    pub fn admitted(&self, priority: &str) {
        self.record(priority, Decision::Admitted);
    }

    /// Records that a request entered the queue, and returns its guard, which records the decision. The guard can be sent
    /// to the thread that decides.
    pub fn queued(&self, priority: &str) -> Queued {
        Queued::new(self.state.as_ref(), priority)
    }

    /// Records that a request was shed at its arrival. Its operation, if it has one, ends with
    /// [`ShedReason::error_type`].
    pub fn shed(&self, priority: &str, reason: ShedReason) {
        self.record(priority, Decision::Shed(reason));
    }

    /// Sets the current limit of a priority, in operations, from which on the admission control admits no further ones;
    /// llmobs does not enforce it. Call it at each change of a dynamic limit.
    pub fn set_limit(&self, priority: &str, operations: usize) {
        if let Some(state) = &self.state {
            state.priority(state.index(priority)).set_limit(operations);
        }
    }

    fn record(&self, priority: &str, decision: Decision) {
        if let Some(state) = &self.state {
            state.record(state.index(priority), decision);
        }
    }
}
