//! The words of an answer, for the capture of content alone: an [`Event`](super::Event) has none.

mod anthropic;
pub(super) mod gemini;
mod ollama;
pub(super) mod openai;
mod responses;

use serde_json::Value;

use super::decoder_state::non_empty_str;
use super::dialect::Dialect;
use crate::observer::Marker;

/// A piece of what a choice says. It prints nothing, so that nobody prints it.
#[derive(Clone, Copy)]
pub(super) enum ContentDelta<'a> {
    Reasoning { choice: u32, text: &'a str },
    Text { choice: u32, text: &'a str },
    ToolCall { choice: u32, index: u32, id: Option<&'a str>, name: Option<&'a str>, arguments: &'a str },
}

/// Who hears it.
pub(super) type DeltaSink<'e> = &'e mut dyn FnMut(ContentDelta<'_>);

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
}

/// What must be known of an answer to tell its words apart.
pub(super) struct ContentDecoder {
    /// In the order in which they began: a call's index is its place here.
    calls: Vec<ToolCallState>,
    /// Something was said before the whole answer, which may repeat it.
    has_spoken: bool,
}

struct ToolCallState {
    choice: u32,
    place: Option<u32>,
    id: Option<String>,
    has_arguments: bool,
}

/// What a frame says of a call.
#[derive(Clone, Copy)]
struct CallFragment<'v> {
    choice: u32,
    /// Where the provider says that it stands, if it says so.
    place: Option<u32>,
    id: Option<&'v str>,
    name: Option<&'v str>,
}

/// More than any model makes in one answer; those behind are not told.
const MAX_TOOL_CALLS: usize = 512;
const ID_BYTES: usize = 256;

impl ContentDecoder {
    pub(super) const fn new() -> Self {
        Self { calls: Vec::new(), has_spoken: false }
    }

    /// Tells what a frame says, or a whole answer.
    pub(super) fn decode(&mut self, dialect: Dialect, value: &Value, on: DeltaSink<'_>) {
        match dialect {
            Dialect::Anthropic => anthropic::decode(value, self, on),
            Dialect::Gemini => gemini::decode(value, self, on),
            Dialect::Ollama => ollama::decode(value, self, on),
            Dialect::OpenAi => openai::decode(value, self, on),
        }
    }

    fn text(&mut self, choice: u32, text: &Value, on: DeltaSink<'_>) {
        if let Some(text) = non_empty_str(text) {
            self.has_spoken = true;
            on(ContentDelta::Text { choice, text });
        }
    }

    fn reasoning(&mut self, choice: u32, text: &Value, on: DeltaSink<'_>) {
        if let Some(text) = non_empty_str(text) {
            self.has_spoken = true;
            on(ContentDelta::Reasoning { choice, text });
        }
    }

    /// A piece of a call's arguments: a text, or the value that a text would spell.
    fn call(&mut self, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        if let Some(at) = self.find(fragment) {
            self.report_call_at(at, fragment, arguments, on);
        }
    }

    /// A call that is told whole, perhaps after its pieces.
    fn report_complete_call(&mut self, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        if let Some(at) = self.find(fragment) {
            let arguments = if self.calls[at].has_arguments { &Value::Null } else { arguments };
            self.report_call_at(at, fragment, arguments, on);
        }
    }

    fn report_call_at(&mut self, at: usize, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        self.has_spoken = true;
        let spelt;
        let arguments = match arguments {
            Value::Null => "",
            Value::String(text) => text,
            value => {
                spelt = value.to_string();
                &spelt
            }
        };
        self.calls[at].has_arguments |= !arguments.is_empty();
        let CallFragment { choice, id, name, .. } = fragment;
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        on(ContentDelta::ToolCall { choice, index, id, name, arguments });
    }

    /// The call that a fragment belongs to, a new one if to none.
    fn find(&mut self, fragment: CallFragment<'_>) -> Option<usize> {
        let CallFragment { choice, place, id, name } = fragment;
        let same = |call: &ToolCallState| call.choice == choice && call.place == place;
        let begins = |call: &ToolCallState| match (id, call.id.as_deref()) {
            // Some servers give every call the same place, and vLLM gave every fragment an identity of its own: but
            // only the first fragment of a call has its name.
            (Some(id), Some(known)) => name.is_some() && short(id) != known,
            _ => name.is_some() && place.is_none(),
        };
        if let Some(at) = self.calls.iter().rposition(same).filter(|at| !begins(&self.calls[*at])) {
            let known = &mut self.calls[at].id;
            *known = known.take().or_else(|| id.map(|id| short(id).to_owned()));
            return Some(at);
        }
        if self.calls.len() >= MAX_TOOL_CALLS {
            return None;
        }
        self.calls.push(ToolCallState { choice, place, id: id.map(|id| short(id).to_owned()), has_arguments: false });
        Some(self.calls.len() - 1)
    }
}

impl std::fmt::Debug for ContentDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentDecoder").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

fn short(id: &str) -> &str {
    &id[..id.floor_char_boundary(ID_BYTES)]
}
