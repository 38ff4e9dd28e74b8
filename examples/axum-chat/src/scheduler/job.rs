//! A request in the scheduler.

use llmobs::ErrorType;
use llmobs::Marker;
use llmobs::clock::Moment;
use tokio::sync::mpsc::UnboundedSender;

use crate::backlog::WaitingSequence;
use crate::engine::Sampling;
use crate::event::SequenceEvent;
use crate::prefix::BlockKey;
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
    /// Set while the sequence of the job waits.
    pub(crate) waiting: Option<WaitingSequence>,
}

impl QueueItem for Job {
    fn is_abandoned(&self) -> bool {
        self.events.is_closed()
    }
}

impl Job {
    /// Returns whether the job should continue. At a hard shutdown or after its deadline, the job is failed; if its
    /// client has disconnected, the job is dropped.
    pub(super) fn should_continue(&self, now: Moment, admission: AdmissionMode) -> bool {
        if admission == AdmissionMode::Stopped {
            self.fail(ErrorType::Shutdown);
        } else if now >= self.deadline {
            self.fail(ErrorType::Timeout);
        } else {
            return !self.is_abandoned();
        }
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
