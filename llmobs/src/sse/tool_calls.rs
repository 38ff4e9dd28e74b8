//! The tool calls of a response, which arrive in fragments.

use crate::text::prefix;

use super::json::Text;

/// The tool calls in the order of their first fragment; the index of a call is its position here.
#[derive(Debug, Default)]
pub(super) struct ToolCalls(Vec<ToolCall>);

#[derive(Debug)]
struct ToolCall {
    choice: u32,
    provider_index: Option<u32>,
    id: Option<String>,
    has_arguments: bool,
}

/// The fields of a tool call in one frame. An empty text means that the frame does not have the field.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct CallFragment<'a> {
    pub(super) choice: u32,
    /// The index that the provider assigned to the call, if any.
    pub(super) provider_index: Option<u32>,
    pub(super) id: Text<'a>,
    pub(super) name: Text<'a>,
}

/// The maximum number of tool calls in a response; further calls are dropped.
const MAX_TOOL_CALLS: usize = 512;
const MAX_ID_BYTES: usize = 256;

impl ToolCalls {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the index of the call that a fragment belongs to; adds a new call if there is none. Returns `None` if
    /// the maximum is reached.
    pub(super) fn find_or_insert(&mut self, fragment: &CallFragment<'_>) -> Option<usize> {
        let CallFragment { choice, provider_index, id, name } = *fragment;
        let id = (!id.is_empty()).then(|| id.to_str());
        let id = id.as_deref().map(|id| prefix(id, MAX_ID_BYTES));
        let starts_call = |call: &ToolCall| match (id, call.id.as_deref()) {
            // Only the first fragment of a call has its name. Some servers assign the same index to all calls: a
            // different id with a name starts a new call. vLLM assigned a new id to every fragment: a different id
            // without a name continues the call.
            (Some(id), Some(known_id)) => !name.is_empty() && id != known_id,
            _ => !name.is_empty() && provider_index.is_none(),
        };
        let calls = &mut self.0;
        let is_same_call = |call: &ToolCall| call.choice == choice && call.provider_index == provider_index;
        if let Some(index) = calls.iter().rposition(is_same_call).filter(|index| !starts_call(&calls[*index])) {
            let known_id = &mut calls[index].id;
            *known_id = known_id.take().or_else(|| id.map(str::to_owned));
            return Some(index);
        }
        if calls.len() >= MAX_TOOL_CALLS {
            return None;
        }
        calls.push(ToolCall { choice, provider_index, id: id.map(str::to_owned), has_arguments: false });
        Some(calls.len() - 1)
    }

    /// Returns whether a fragment of the call's arguments has arrived.
    pub(super) fn has_arguments(&self, index: usize) -> bool {
        self.0[index].has_arguments
    }

    /// Notes that a fragment of the call's arguments has arrived.
    pub(super) fn set_has_arguments(&mut self, index: usize) {
        self.0[index].has_arguments = true;
    }
}
