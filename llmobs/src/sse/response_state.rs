//! The state of a response that is being decoded.

use super::choice_set::ChoiceSet;
use super::partial_arguments::PartialArguments;
use super::tool_calls::ToolCalls;
use crate::number::sum_known;
use crate::usage::Usage;

/// The number of choices whose partial arguments are captured at the same time. The arguments of further choices are
/// left out.
pub(super) const MAX_PARTIAL_CALLS: usize = 8;

/// The facts about a response that later frames depend on.
#[derive(Debug)]
pub(super) struct ResponseState {
    pub(super) has_reported_id: bool,
    pub(super) has_reported_model: bool,
    /// True if a frame contained content. A frame that repeats the complete response adds nothing then.
    pub(super) has_content: bool,
    /// The choices with content in an earlier frame.
    pub(super) started_choices: ChoiceSet,
    /// The choices with a finish reason in an earlier frame.
    pub(super) finished_choices: ChoiceSet,
    pub(super) tool_calls: ToolCalls,
    /// The arguments so far of the tool calls whose arguments arrive as fragments (Gemini), by choice. Bounded by
    /// [`MAX_PARTIAL_CALLS`].
    pub(super) partial_arguments: Vec<(u32, PartialArguments)>,
    /// The usage reported so far.
    pub(super) usage: Usage,
    /// The input counts of a provider that reports cached input separately.
    pub(super) separate_input: SeparateInput,
}

/// Input tokens by kind, where cached tokens are not part of the others.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct SeparateInput {
    pub(super) uncached: Option<u64>,
    pub(super) cache_read: Option<u64>,
    pub(super) cache_write: Option<u64>,
}

impl SeparateInput {
    /// Returns the sum of the known counts; `None` if none is known.
    pub(super) fn sum(&self) -> Option<u64> {
        sum_known([self.uncached, self.cache_read, self.cache_write])
    }
}

impl ResponseState {
    pub(super) const fn new() -> Self {
        Self {
            has_reported_id: false,
            has_reported_model: false,
            has_content: false,
            started_choices: ChoiceSet::new(),
            finished_choices: ChoiceSet::new(),
            tool_calls: ToolCalls::new(),
            partial_arguments: Vec::new(),
            usage: Usage::new(),
            separate_input: SeparateInput { uncached: None, cache_read: None, cache_write: None },
        }
    }
}
