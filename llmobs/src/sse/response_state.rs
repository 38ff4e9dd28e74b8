//! The state of a response that is being decoded.

use super::partial_arguments::PartialArguments;
use super::tool_calls::ToolCalls;
use crate::usage::Usage;

/// The facts about a response that later frames depend on.
#[derive(Debug)]
pub(super) struct ResponseState {
    pub(super) has_reported_id: bool,
    pub(super) has_reported_model: bool,
    /// True if a frame contained content. A frame that repeats the complete response adds nothing then.
    pub(super) has_content: bool,
    /// The choices with content, one bit each. Choices from 128 on are not tracked.
    pub(super) started_choices: u128,
    /// The choices with a finish reason, one bit each.
    pub(super) finished_choices: u128,
    pub(super) tool_calls: ToolCalls,
    /// The choice and the arguments of a tool call that arrive as fragments of single arguments.
    pub(super) partial_arguments: Option<(u32, PartialArguments)>,
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
        [self.uncached, self.cache_read, self.cache_write].into_iter().flatten().reduce(u64::saturating_add)
    }
}

impl ResponseState {
    pub(super) const fn new() -> Self {
        Self {
            has_reported_id: false,
            has_reported_model: false,
            has_content: false,
            started_choices: 0,
            finished_choices: 0,
            tool_calls: ToolCalls::new(),
            partial_arguments: None,
            usage: Usage::new(),
            separate_input: SeparateInput { uncached: None, cache_read: None, cache_write: None },
        }
    }

    /// Returns whether an earlier frame contained content of a choice.
    pub(super) fn has_started(&self, choice: u32) -> bool {
        self.started_choices & choice_bit(choice) != 0
    }

    /// Returns whether an earlier frame contained the finish reason of a choice.
    pub(super) fn has_finished(&self, choice: u32) -> bool {
        self.finished_choices & choice_bit(choice) != 0
    }
}

/// Returns the bit of a choice; 0 for choices from 128 on.
pub(super) fn choice_bit(choice: u32) -> u128 {
    1_u128.checked_shl(choice).unwrap_or(0)
}
