//! The handle of an engine, which its scheduler holds.

use std::sync::Arc;
use std::time::Duration;

use super::state::EngineState;
use super::state::saturate;
use super::step::EngineStep;
use crate::catalog::RowId;
use crate::semconv::value::CacheTier;
use crate::semconv::value::SequenceState;
use crate::semconv::value::WaitReason;

/// A handle of an inference engine for its scheduler. The setters store a number, which each collection reads; they are
/// cheap enough to be called at every step. Cheap to clone; all clones are handles of one engine. When the last one is
/// dropped, the numbers of the engine disappear, its limits become zero, and its counters and histograms remain.
#[derive(Debug, Clone)]
pub struct Engine {
    /// `None` for a disabled observer, and for an engine above the limit of engines.
    state: Option<Arc<EngineState>>,
}

impl Engine {
    pub(super) const fn new(state: Option<Arc<EngineState>>) -> Self {
        Self { state }
    }

    /// Sets the number of sequences in the batch of the engine.
    pub fn set_running(&self, sequences: usize) {
        self.set_sequences(SequenceState::Running, WaitReason::Capacity, sequences);
    }

    /// Sets the number of sequences that wait for this reason.
    pub fn set_waiting(&self, reason: WaitReason, sequences: usize) {
        self.set_sequences(SequenceState::Waiting, reason, sequences);
    }

    /// Sets the number of preempted sequences whose KV cache is in the memory of the host.
    pub fn set_swapped(&self, sequences: usize) {
        self.set_sequences(SequenceState::Swapped, WaitReason::Capacity, sequences);
    }

    /// Sets the number of blocks of the KV cache that sequences use, without free blocks and without cached blocks that
    /// the engine can reuse at once. A number above the limit is recorded as the limit, and counted as the anomaly
    /// `invalid_value`.
    pub fn set_kv_cache_usage(&self, blocks: usize) {
        if let Some(state) = &self.state {
            state.set_cache_usage(blocks);
        }
    }

    /// Sets the number of blocks of the KV cache.
    pub fn set_kv_cache_limit(&self, blocks: usize) {
        self.set_limit(RowId::EngineCacheLimit, blocks);
    }

    /// Sets the maximum number of sequences that the engine runs at the same time.
    pub fn set_sequence_limit(&self, sequences: usize) {
        self.set_limit(RowId::EngineSequenceLimit, sequences);
    }

    /// Sets the maximum number of tokens that the engine processes in one step.
    pub fn set_step_token_limit(&self, tokens: usize) {
        self.set_limit(RowId::EngineStepTokenLimit, tokens);
    }

    /// Sets the time that the engine took to load its model, from the start of the load until it could serve, for
    /// `llmobs.model.load.duration`. Call it after each load. The value remains when the engine ends.
    pub fn set_load_duration(&self, duration: Duration) {
        if let Some(state) = &self.state {
            state.set_load_duration(duration);
        }
    }

    /// Starts the time of a step; [`EngineStep::finish`] records it. Several steps may overlap.
    pub fn step(&self) -> EngineStep<'_> {
        EngineStep::new(self.state.as_deref())
    }

    /// Sets the number of `LoRA` adapters that running and waiting sequences use.
    pub fn set_lora_active(&self, running: usize, waiting: usize) {
        if let Some(state) = &self.state {
            state.gauges.set_adapters([running, waiting].map(saturate));
        }
    }

    /// Sets the number of prompt tokens that waiting sequences have to compute, for `llmobs.engine.queue.work`.
    pub fn set_waiting_tokens(&self, tokens: u64) {
        if let Some(state) = &self.state {
            state.headroom.set_waiting_tokens(tokens);
        }
    }

    /// Counts prompt tokens whose KV cache the prefix cache contained in this tier.
    pub fn prefix_cache_hit(&self, tier: CacheTier, tokens: u64) {
        if let Some(state) = &self.state {
            state.add_prefix_tokens(Some(tier), tokens);
        }
    }

    /// Counts prompt tokens that were looked up in the prefix cache, and whose KV cache no tier contained.
    pub fn prefix_cache_miss(&self, tokens: u64) {
        if let Some(state) = &self.state {
            state.add_prefix_tokens(None, tokens);
        }
    }

    /// Counts a preemption: a sequence was taken out of the batch before it was finished.
    pub fn preempted(&self) {
        if let Some(state) = &self.state {
            state.add(RowId::EnginePreemptions, 1);
        }
    }

    /// Counts tokens that are computed again, because their KV cache was lost in a preemption.
    pub fn recomputed_tokens(&self, tokens: u64) {
        if let Some(state) = &self.state {
            state.add(RowId::EngineRecomputedTokens, tokens);
        }
    }

    /// Counts a draft of speculative decoding for one sequence, whose first `accepted` of `drafted` tokens were
    /// accepted. More accepted than drafted tokens are recorded as `drafted`, and counted as the anomaly
    /// `invalid_value`. At level full, the first 16 tokens are counted by position.
    pub fn draft(&self, drafted: u64, accepted: u64) {
        if let Some(state) = &self.state {
            state.add_draft(drafted, accepted);
        }
    }

    fn set_sequences(&self, state: SequenceState, reason: WaitReason, sequences: usize) {
        if let Some(engine) = &self.state {
            engine.set_sequences(state, reason, sequences);
        }
    }

    fn set_limit(&self, id: RowId, limit: usize) {
        if let Some(state) = &self.state {
            state.set_limit(id, limit);
        }
    }
}
