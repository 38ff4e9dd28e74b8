//! A request in the scheduler.

use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::admission::Queued;
use llmobs::admission::ShedReason;
use llmobs::clock::Moment;
use tokio::sync::mpsc::UnboundedSender;

use crate::backlog::WaitingSequence;
use crate::engine::Sampling;
use crate::event::SequenceEvent;
use crate::prefix::BlockKey;
use crate::priority::Priority;
use crate::queue::AdmissionMode;
use crate::queue::QueueItem;

/// A request in the scheduler.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) prompt: Vec<u32>,
    /// The keys of the full blocks of the prompt; empty without a prefix cache.
    pub(crate) keys: Vec<BlockKey>,
    pub(crate) sampling: Sampling,
    pub(crate) max_tokens: usize,
    pub(crate) enqueued_at: Moment,
    pub(crate) deadline: Moment,
    pub(crate) marker: Marker,
    pub(crate) events: UnboundedSender<SequenceEvent>,
    pub(crate) priority: Priority,
    /// Set while the job waits in the queue; `None` if it had a place in the batch when it arrived. Dropped with a job whose
    /// client has disconnected.
    pub(crate) queued: Option<Queued>,
    /// Set while the sequence of the job waits.
    pub(crate) waiting: Option<WaitingSequence>,
}

impl QueueItem for Job {
    fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }

    fn priority(&self) -> Priority {
        self.priority
    }

    fn has_place(&self) -> bool {
        self.queued.is_none()
    }
}

impl Job {
    /// Returns whether the job should continue. At a hard shutdown or after its deadline, the job is failed; if its
    /// client has disconnected, the job is dropped.
    pub(super) fn should_continue(&mut self, now: Moment, admission: AdmissionMode) -> bool {
        let reason = match admission {
            AdmissionMode::Stopped => ShedReason::Shutdown,
            _ if now >= self.deadline => ShedReason::Deadline,
            _ => return !self.is_abandoned(),
        };
        if let Some(queued) = self.queued.take() {
            queued.shed(reason);
        }
        self.fail(reason.error_type());
        false
    }

    pub(super) fn fail(&self, error: ErrorType) {
        self.marker.set_error(error);
        self.send(SequenceEvent::Failed { error });
    }

    /// Sends an event. An error is ignored: the client has disconnected, and the next step notices that.
    pub(super) fn send(&self, event: SequenceEvent) {
        let _ = self.events.send(event);
    }
}
