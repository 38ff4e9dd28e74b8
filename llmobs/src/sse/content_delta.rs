//! An increment of the content of a response.

use crate::capture::ContentAccumulator;
use crate::observer::Marker;

/// An increment of the content of a choice. Does not implement `Debug`, so that the content cannot be printed by
/// accident.
#[derive(Clone, Copy)]
pub(super) enum ContentDelta<'a> {
    Reasoning { choice: u32, text: &'a str },
    Text { choice: u32, text: &'a str },
    ToolCall { choice: u32, index: u32, id: Option<&'a str>, name: Option<&'a str>, arguments: &'a str },
}

impl ContentDelta<'_> {
    pub(super) fn record_on(self, marker: &Marker) {
        match self {
            Self::Reasoning { choice, text } => marker.output_reasoning(choice, text),
            Self::Text { choice, text } => marker.output_text(choice, text),
            Self::ToolCall { choice, index, id, name, arguments } => {
                marker.output_tool_call(choice, index, id, name, arguments);
            }
        }
    }

    pub(super) fn append_to(self, accumulator: &mut ContentAccumulator) {
        match self {
            Self::Reasoning { choice, text } => accumulator.push_reasoning(choice, text),
            Self::Text { choice, text } => accumulator.push_text(choice, text),
            Self::ToolCall { choice, index, id, name, arguments } => {
                accumulator.push_tool_call(choice, index, id, name, arguments);
            }
        }
    }
}
