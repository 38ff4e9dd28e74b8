//! The events that are decoded from a response.

use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::usage::Usage;

/// An event decoded from a response, in the order of the response. Contains no text that the model generated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Content of one kind that one frame adds to one choice. A delta is not a token; it counts as one token until
    /// usage is reported.
    #[non_exhaustive]
    Delta {
        /// The index of the choice.
        choice: u32,
        /// The kind of content.
        kind: DeltaKind,
    },
    /// The end of the response as defined by the protocol: `[DONE]`, `message_stop`, `done`, or an event such as
    /// `response.completed` of OpenAI's Responses API. Gemini's protocol has no end event.
    Done,
    /// An error inside the response. Its text is dropped.
    Error(ErrorType),
    /// The finish reason of a choice.
    #[non_exhaustive]
    FinishReason {
        /// The index of the choice.
        choice: u32,
        /// The finish reason, as a value of the OpenTelemetry GenAI conventions.
        reason: FinishReason,
    },
    /// The id of the response (`gen_ai.response.id`). Reported once.
    Id(&'a str),
    /// The model that answered (`gen_ai.response.model`). Reported once.
    Model(&'a str),
    /// The token usage so far. Each report includes all earlier reports; the totals include cached and reasoning
    /// tokens.
    Usage(Usage),
}

/// The kind of content in a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeltaKind {
    /// The visible answer, including refusals and generated media.
    Content,
    /// Reasoning, complete, encrypted or as a summary, and the summary of a compaction.
    Reasoning,
    /// The name or the arguments of a tool call.
    ToolCall,
}
