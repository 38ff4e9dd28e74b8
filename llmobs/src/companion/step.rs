//! A step of an inference engine, as passed to a [`Companion`](super::Companion): its times, its engine, and the work of
//! each sequence that its scheduler named.

use crate::clock::Moment;

/// The work of one sequence in one step of an engine. Every number is zero until it is set.
///
/// ```
/// use llmobs::engine::SequenceWork;
///
/// let prefill = SequenceWork::new().prefill_tokens(512);
/// let decode = SequenceWork::new().decode_tokens(1).context_tokens(700);
/// assert_eq!((prefill.decode_tokens, decode.context_tokens), (0, 700));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use]
pub struct SequenceWork {
    /// Number of prompt tokens that the step computes for the sequence, without those that it reads from a prefix cache.
    pub prefill_tokens: u64,
    /// Number of tokens that the step generates for the sequence, drafts of speculative decoding included.
    pub decode_tokens: u64,
    /// Number of tokens in the sequence's KV cache that the step reads: the length of the sequence before the step,
    /// tokens from a prefix cache included.
    pub context_tokens: u64,
}

impl SequenceWork {
    /// Creates the work of a sequence for which the step computes nothing.
    pub const fn new() -> Self {
        Self { prefill_tokens: 0, decode_tokens: 0, context_tokens: 0 }
    }

    /// Sets the number of prompt tokens that the step computes for the sequence, without those that it reads from a
    /// prefix cache.
    pub const fn prefill_tokens(mut self, tokens: u64) -> Self {
        self.prefill_tokens = tokens;
        self
    }

    /// Sets the number of tokens that the step generates for the sequence, drafts of speculative decoding included.
    pub const fn decode_tokens(mut self, tokens: u64) -> Self {
        self.decode_tokens = tokens;
        self
    }

    /// Sets the number of tokens in the sequence's KV cache that the step reads: the length of the sequence before the
    /// step, tokens from a prefix cache included.
    pub const fn context_tokens(mut self, tokens: u64) -> Self {
        self.context_tokens = tokens;
        self
    }
}

/// A sequence of a step: the operation that it belongs to, and its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepSequence {
    /// The id of the operation, as in the other notifications. An operation with several choices may have several
    /// sequences in one step.
    pub operation: u64,
    /// The work of the sequence in the step.
    pub work: SequenceWork,
}

impl StepSequence {
    /// Creates a sequence of the operation with this id, for tests of companions.
    #[must_use]
    pub const fn new(operation: u64, work: SequenceWork) -> Self {
        Self { operation, work }
    }
}

/// A step of an engine that has finished, with the sequences whose operations its scheduler named.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepRef<'a> {
    /// The model of the engine, as in the label `gen_ai.request.model` of its metrics.
    pub model: &'a str,
    /// The id of the engine, as in the label `llmobs.engine.id`.
    pub engine_id: &'a str,
    /// The moment at which the step started: that of [`Engine::step`](crate::engine::Engine::step), or the recorded
    /// duration before the end if the engine measures the duration itself.
    pub start: Moment,
    /// The moment at which the step finished.
    pub end: Moment,
    /// The sequences of the step, in the order in which the scheduler named them; never empty.
    pub sequences: &'a [StepSequence],
}
