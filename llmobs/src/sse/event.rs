//! What an answer says.

use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::usage::Usage;

/// What an answer says, in the order in which it says it. No text of the answer is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Something was generated: what one frame adds of one kind to one choice. It is no token; it counts as one until
    /// usage is reported.
    #[non_exhaustive]
    Delta {
        /// Which of several choices.
        choice: u32,
        /// What was generated.
        kind: DeltaKind,
    },
    /// The protocol's own end: `[DONE]`, `message_stop`, `done`. Gemini has none.
    Done,
    /// An error inside the answer. Its text goes nowhere.
    Error(ErrorType),
    /// Why the generation of a choice ended.
    #[non_exhaustive]
    FinishReason {
        /// Which of several choices.
        choice: u32,
        /// Why it ended, in the conventions' words.
        reason: FinishReason,
    },
    /// `gen_ai.response.id`, once.
    Id(&'a str),
    /// `gen_ai.response.model`, once.
    Model(&'a str),
    /// Token usage so far: each report has all that was reported before, and cached and reasoning tokens are inside
    /// its totals.
    Usage(Usage),
}

/// What was generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeltaKind {
    /// The visible answer, a refusal included.
    Content,
    /// Reasoning, in full or as a summary.
    Reasoning,
    /// The name or the arguments of a call of a tool.
    ToolCall,
}
