//! Buffers for the sequences of steps, used again so that a step allocates nothing.

use crate::companion::StepSequence;
use crate::sync::Mutex;

/// The maximum number of buffers that wait for a step. An engine rarely overlaps more steps.
const MAX_BUFFERS: usize = 8;

/// The buffers of an engine that no step uses now.
#[derive(Debug, Default)]
pub(super) struct StepBuffers(Mutex<Vec<Vec<StepSequence>>>);

impl StepBuffers {
    /// Returns an empty buffer, with the capacity of an earlier step if one is left.
    pub(super) fn take(&self) -> Vec<StepSequence> {
        self.0.lock().pop().unwrap_or_default()
    }

    /// Clears a buffer and keeps it for a later step.
    pub(super) fn put_back(&self, mut buffer: Vec<StepSequence>) {
        buffer.clear();
        let mut buffers = self.0.lock();
        if buffers.len() < MAX_BUFFERS {
            buffers.push(buffer);
        }
    }
}
