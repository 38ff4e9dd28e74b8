//! Decoding of the content of a response, used only if content is captured. An [`Event`](super::Event) contains no
//! content.

mod anthropic;
pub(super) mod gemini;
mod ollama;
pub(super) mod openai;
mod responses;

use serde_json::Value;

use super::decoder_state::non_empty_str;
use super::dialect::Dialect;
use crate::observer::Marker;
use crate::text::prefix;

/// An increment of the content of a choice. Does not implement `Debug`, so that the content cannot be printed by
/// accident.
#[derive(Clone, Copy)]
pub(super) enum ContentDelta<'a> {
    Reasoning { choice: u32, text: &'a str },
    Text { choice: u32, text: &'a str },
    ToolCall { choice: u32, index: u32, id: Option<&'a str>, name: Option<&'a str>, arguments: &'a str },
}

/// A callback that receives content deltas.
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

/// The state for decoding the content of a response.
pub(super) struct ContentDecoder {
    /// The tool calls in the order of their first fragment; the index of a call is its position here.
    calls: Vec<ToolCallState>,
    /// True if content was decoded. A final response object may repeat that content.
    has_content: bool,
}

struct ToolCallState {
    choice: u32,
    provider_index: Option<u32>,
    id: Option<String>,
    has_arguments: bool,
}

/// The fields of a tool call in one frame.
#[derive(Clone, Copy)]
struct CallFragment<'v> {
    choice: u32,
    /// The index that the provider assigned to the call, if any.
    provider_index: Option<u32>,
    id: Option<&'v str>,
    name: Option<&'v str>,
}

/// The maximum number of tool calls in a response; further calls are dropped.
const MAX_TOOL_CALLS: usize = 512;
const MAX_ID_BYTES: usize = 256;

impl ContentDecoder {
    pub(super) const fn new() -> Self {
        Self { calls: Vec::new(), has_content: false }
    }

    /// Decodes the content of a frame, or of a response that was not streamed.
    pub(super) fn decode(&mut self, dialect: Dialect, value: &Value, on: DeltaSink<'_>) {
        match dialect {
            Dialect::Anthropic => anthropic::decode(value, self, on),
            Dialect::Gemini => gemini::decode(value, self, on),
            Dialect::Ollama => ollama::decode(value, self, on),
            Dialect::OpenAi => openai::decode(value, self, on),
        }
    }

    fn report_text(&mut self, choice: u32, text: &Value, on: DeltaSink<'_>) {
        if let Some(text) = non_empty_str(text) {
            self.has_content = true;
            on(ContentDelta::Text { choice, text });
        }
    }

    fn report_reasoning(&mut self, choice: u32, text: &Value, on: DeltaSink<'_>) {
        if let Some(text) = non_empty_str(text) {
            self.has_content = true;
            on(ContentDelta::Reasoning { choice, text });
        }
    }

    /// Reports a fragment of a tool call's arguments, given as JSON text or as a JSON value.
    fn report_call(&mut self, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        if let Some(at) = self.find_or_insert_call(fragment) {
            self.report_call_at(at, fragment, arguments, on);
        }
    }

    /// Reports a complete tool call. Its arguments are left out if fragments of them were reported before.
    fn report_complete_call(&mut self, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        if let Some(at) = self.find_or_insert_call(fragment) {
            let arguments = if self.calls[at].has_arguments { &Value::Null } else { arguments };
            self.report_call_at(at, fragment, arguments, on);
        }
    }

    fn report_call_at(&mut self, at: usize, fragment: CallFragment<'_>, arguments: &Value, on: DeltaSink<'_>) {
        self.has_content = true;
        let json;
        let arguments = match arguments {
            Value::Null => "",
            Value::String(text) => text,
            value => {
                json = value.to_string();
                &json
            }
        };
        self.calls[at].has_arguments |= !arguments.is_empty();
        let CallFragment { choice, id, name, .. } = fragment;
        let index = u32::try_from(at).unwrap_or(u32::MAX);
        on(ContentDelta::ToolCall { choice, index, id, name, arguments });
    }

    /// Returns the index of the call that a fragment belongs to; adds a new call if there is none. Returns `None` if
    /// the maximum is reached.
    fn find_or_insert_call(&mut self, fragment: CallFragment<'_>) -> Option<usize> {
        let CallFragment { choice, provider_index, id, name } = fragment;
        let is_same_call = |call: &ToolCallState| call.choice == choice && call.provider_index == provider_index;
        let starts_call = |call: &ToolCallState| match (id, call.id.as_deref()) {
            // Only the first fragment of a call has its name. Some servers assign the same index to all calls: a
            // different id with a name starts a new call. vLLM assigned a new id to every fragment: a different id
            // without a name continues the call.
            (Some(id), Some(known_id)) => name.is_some() && truncated_id(id) != known_id,
            _ => name.is_some() && provider_index.is_none(),
        };
        if let Some(at) = self.calls.iter().rposition(is_same_call).filter(|at| !starts_call(&self.calls[*at])) {
            let known_id = &mut self.calls[at].id;
            *known_id = known_id.take().or_else(|| id.map(|id| truncated_id(id).to_owned()));
            return Some(at);
        }
        if self.calls.len() >= MAX_TOOL_CALLS {
            return None;
        }
        self.calls.push(ToolCallState {
            choice,
            provider_index,
            id: id.map(|id| truncated_id(id).to_owned()),
            has_arguments: false,
        });
        Some(self.calls.len() - 1)
    }
}

impl std::fmt::Debug for ContentDecoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentDecoder").field("calls", &self.calls.len()).finish_non_exhaustive()
    }
}

fn truncated_id(id: &str) -> &str {
    prefix(id, MAX_ID_BYTES)
}
