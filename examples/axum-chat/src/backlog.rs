//! The sequences that wait for the engine: for a place in the batch or for blocks of the KV cache.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use llmobs::engine::Engine as EngineHandle;
use llmobs::engine::WaitReason;

/// Counts the waiting sequences and records them at each change, also while the engine is in a step. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Backlog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    handle: EngineHandle,
    totals: Mutex<Totals>,
}

#[derive(Debug, Default)]
struct Totals {
    sequences: usize,
    tokens: u64,
}

/// One waiting sequence, from its creation until it is dropped.
#[derive(Debug)]
pub(crate) struct WaitingSequence {
    shared: Arc<Shared>,
    tokens: u64,
}

impl Backlog {
    pub(crate) fn new(handle: EngineHandle) -> Self {
        Self { shared: Arc::new(Shared { handle, totals: Mutex::default() }) }
    }

    /// Adds a sequence that has to compute this many tokens.
    pub(crate) fn enter(&self, tokens: usize) -> WaitingSequence {
        let tokens = u64::try_from(tokens).unwrap_or(u64::MAX);
        self.shared.change(|totals| {
            totals.sequences += 1;
            totals.tokens += tokens;
        });
        WaitingSequence { shared: Arc::clone(&self.shared), tokens }
    }
}

impl Drop for WaitingSequence {
    fn drop(&mut self) {
        self.shared.change(|totals| {
            totals.sequences -= 1;
            totals.tokens -= self.tokens;
        });
    }
}

impl Shared {
    /// Records the new totals within the lock, so that the last recorded ones are the latest.
    fn change(&self, change: impl FnOnce(&mut Totals)) {
        let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut totals);
        self.handle.set_waiting(WaitReason::Capacity, totals.sequences);
        self.handle.set_waiting_tokens(totals.tokens);
    }
}
