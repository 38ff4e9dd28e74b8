//! A sequence of the scheduler: its request, its tokens and its part of the KV cache.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Usage;
use llmobs::clock::Moment;
use llmobs::engine::SequenceWork;

use super::batch::Demand;
use super::job::Job;
use super::to_u64;
use crate::backlog::Backlog;
use crate::engine::Engine;
use crate::engine::EngineError;
use crate::engine::SampledToken;
use crate::engine::Sequence;
use crate::event::SequenceEvent;
use crate::event::TokenCounts;
use crate::kv_cache::Allocation;
use crate::kv_cache::BlockTable;
use crate::kv_cache::KvCache;
use crate::prefix::BlockKey;
use crate::prefix::PrefixHasher;

/// A sequence that was scheduled at least once.
pub(super) struct ScheduledSequence {
    pub(super) job: Job,
    sequence: Box<dyn Sequence>,
    counts: TokenCounts,
    /// Tokens of the prompt that were in the prefix cache when the sequence was scheduled first.
    cached_prompt_tokens: usize,
    /// The prompt, then the generated tokens.
    tokens: Vec<u32>,
    /// The keys of the full blocks; empty without a prefix cache.
    keys: Vec<BlockKey>,
    blocks: BlockTable,
    /// Number of first blocks that other sequences may share.
    published: usize,
    /// Number of first tokens that are in the KV cache.
    computed: usize,
    /// The largest number that `computed` had. Below it, tokens are computed again.
    computed_before: usize,
}

/// The result of a step for one sequence.
pub(super) enum StepResult {
    /// Part of the prompt was computed, or nothing: another sequence used the step's prompt tokens.
    NoToken,
    Sampled(SampledToken),
    Failed(ErrorType),
}

/// The tokens that one sequence computed in a step.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ComputedTokens {
    pub(super) prefill: usize,
    pub(super) decode: usize,
    /// Those of `prefill` that had been computed before a preemption.
    pub(super) recomputed: usize,
    /// Number of tokens before them, which were in the KV cache.
    pub(super) context: usize,
}

impl ComputedTokens {
    /// Returns the work of the sequence for the observer; `None` if it computed nothing.
    pub(super) fn to_work(self) -> Option<SequenceWork> {
        let work = SequenceWork::new().prefill_tokens(to_u64(self.prefill)).decode_tokens(to_u64(self.decode));
        (self.prefill + self.decode > 0).then_some(work.context_tokens(to_u64(self.context)))
    }
}

impl ScheduledSequence {
    /// Returns what the sequence asks of the next step.
    pub(super) fn demand(&self) -> Demand {
        Demand { pending: self.pending(), is_decoding: self.is_decoding() }
    }

    /// Starts the sequence of a job in these blocks. If the engine panics, the job is failed and the blocks are returned.
    pub(super) fn start(
        mut job: Job,
        allocation: Allocation,
        engine: &dyn Engine,
        now: Moment,
    ) -> Result<Self, BlockTable> {
        let counts = TokenCounts { prompt: job.prompt.len(), completion: 0 };
        job.waiting = None;
        if let Some(queued) = job.queued.take() {
            queued.admit();
        }
        job.marker.scheduled_at(now);
        job.send(SequenceEvent::Scheduled { queue_duration: now.since(job.enqueued_at), prompt_tokens: counts.prompt });
        let Ok(sequence) = catch_unwind(AssertUnwindSafe(|| engine.start_sequence(job.sampling))) else {
            job.fail(ErrorType::Internal);
            return Err(allocation.table);
        };
        Ok(Self {
            tokens: std::mem::take(&mut job.prompt),
            keys: std::mem::take(&mut job.keys),
            job,
            sequence,
            counts,
            cached_prompt_tokens: allocation.cached_tokens,
            blocks: allocation.table,
            published: 0,
            computed: allocation.cached_tokens,
            computed_before: 0,
        })
    }

    /// Takes the sequence out of the batch. Its tokens are kept, and its KV cache is freed.
    pub(super) fn preempt(&mut self, cache: &mut KvCache, backlog: &Backlog) {
        // The operation is in the state `queued` until it is scheduled again.
        self.job.marker.preempted();
        self.release(cache);
        self.sequence.clear_cache();
        self.computed = 0;
        self.published = 0;
        self.job.waiting = Some(backlog.enter(self.tokens.len()));
    }

    /// Allocates blocks for all tokens of a preempted sequence.
    pub(super) fn allocate(&self, cache: &mut KvCache) -> Option<Allocation> {
        cache.allocate(self.tokens.len(), &self.keys)
    }

    /// Adds a preempted sequence to the batch again.
    pub(super) fn resume(&mut self, allocation: Allocation, now: Moment) {
        self.job.waiting = None;
        self.job.marker.scheduled_at(now);
        self.blocks = allocation.table;
        self.computed = allocation.cached_tokens;
    }

    /// Adds the block for the last token, if there is none yet. Returns false if no block is free.
    pub(super) fn reserve(&mut self, cache: &mut KvCache) -> bool {
        self.blocks.len() >= cache.blocks_for(self.tokens.len()) || cache.grow(&mut self.blocks)
    }

    /// Frees the blocks of the sequence.
    pub(super) fn release(&mut self, cache: &mut KvCache) {
        cache.release(std::mem::take(&mut self.blocks));
    }

    /// Returns the number of tokens that have to be computed before the next one is generated.
    pub(super) fn pending(&self) -> usize {
        self.tokens.len() - self.computed
    }

    /// Returns whether the only pending token is the last generated one.
    pub(super) fn is_decoding(&self) -> bool {
        self.pending() == 1 && self.counts.completion > 0
    }

    /// Computes this many pending tokens, and generates the next one if none remains. Panics of the engine end one
    /// sequence, not the server.
    pub(super) fn step(&mut self, count: usize) -> (ComputedTokens, StepResult) {
        let end = self.computed + count;
        let mut work = ComputedTokens { context: self.computed, ..ComputedTokens::default() };
        if self.is_decoding() {
            work.decode = count;
        } else {
            work.prefill = count;
            work.recomputed = end.min(self.computed_before).saturating_sub(self.computed);
        }
        let chunk = &self.tokens[self.computed..end];
        let computed = catch_unwind(AssertUnwindSafe(|| self.sequence.compute(self.computed, chunk)));
        if let Some(failure) = failure_of(&computed) {
            return (ComputedTokens::default(), StepResult::Failed(failure));
        }
        self.computed = end;
        self.computed_before = self.computed_before.max(end);
        if self.pending() > 0 {
            return (work, StepResult::NoToken);
        }
        let sampled = catch_unwind(AssertUnwindSafe(|| self.sequence.sample()));
        let result = match (failure_of(&sampled), sampled) {
            (None, Ok(Ok(token))) => StepResult::Sampled(token),
            (failure, _) => StepResult::Failed(failure.unwrap_or(ErrorType::Internal)),
        };
        (work, result)
    }

    /// Lets other sequences share the blocks that are full.
    pub(super) fn publish(&mut self, cache: &mut KvCache, hasher: &PrefixHasher) {
        hasher.extend(&mut self.keys, &self.tokens);
        let full = hasher.full_blocks(self.computed);
        for index in self.published..full {
            cache.publish(&self.blocks, index, self.keys[index]);
        }
        self.published = full;
    }

    /// Sends the result of a step that ended at `now`. Returns whether the sequence continues.
    pub(super) fn deliver(&mut self, result: StepResult, now: Moment, token_capacity: usize) -> bool {
        match result {
            StepResult::NoToken => true,
            StepResult::Sampled(SampledToken::Token { id, text }) => self.emit_token(id, text, now, token_capacity),
            StepResult::Sampled(SampledToken::End) => self.finish(FinishReason::Stop),
            StepResult::Failed(error) => {
                self.job.fail(error);
                false
            }
        }
    }

    fn emit_token(&mut self, id: u32, text: String, produced_at: Moment, token_capacity: usize) -> bool {
        self.tokens.push(id);
        self.counts.completion += 1;
        self.job.marker.first_token_at(produced_at);
        // Reported as a growing total: if the client disconnects now, these tokens count as wasted.
        self.job.marker.usage(self.usage());
        self.job.send(SequenceEvent::Token { text, produced_at });
        // A sequence that fills the KV cache alone cannot become longer.
        if self.counts.completion < self.job.max_tokens && self.tokens.len() < token_capacity {
            return true;
        }
        self.finish(FinishReason::Length)
    }

    fn finish(&self, reason: FinishReason) -> bool {
        self.job.marker.usage(self.usage());
        self.job.send(SequenceEvent::Finished { reason, counts: self.counts });
        false
    }

    fn usage(&self) -> Usage {
        let cached = (self.cached_prompt_tokens > 0).then_some(self.cached_prompt_tokens);
        Usage::new().input(self.counts.prompt).cache_read(cached).output(self.counts.completion)
    }
}

/// Returns the error type of a call of the engine that failed or panicked.
fn failure_of<T>(result: &std::thread::Result<Result<T, EngineError>>) -> Option<ErrorType> {
    match result {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => {
            tracing::error!(%error, "the engine failed");
            let lacks_memory = ErrorType::from_text(&error.to_string()) == Some(ErrorType::OutOfMemory);
            Some(if lacks_memory { ErrorType::OutOfMemory } else { ErrorType::Inference })
        }
        Err(_panic) => Some(ErrorType::Internal),
    }
}
