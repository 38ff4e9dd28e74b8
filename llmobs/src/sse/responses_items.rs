//! The items of OpenAI's Responses, which are in its answers and in the requests that go on from them.

use serde_json::Value;

use super::decoder_state::array;
use super::decoder_state::non_empty_str;

/// The deltas that are pieces of a call.
pub(super) const CALL_DELTAS: [&str; 5] = [
    "function_call_arguments",
    "mcp_call_arguments",
    "custom_tool_call_input",
    "code_interpreter_call_code",
    "shell_call_command",
];

/// The name of the tool that an item calls, if it calls one. Those of the provider have none but their type.
pub(super) fn called(item: &Value) -> Option<&str> {
    let kind = item["type"].as_str()?.strip_suffix("_call")?;
    non_empty_str(&item["name"]).or(Some(kind)).filter(|name| !name.is_empty())
}

/// What results refer to.
pub(super) fn id(item: &Value) -> Option<&str> {
    non_empty_str(&item["call_id"]).or_else(|| non_empty_str(&item["id"]))
}

/// What the tool is called with.
pub(super) fn arguments(item: &Value) -> &Value {
    let fields = ["arguments", "input", "code", "action", "operation", "queries"];
    fields.iter().map(|field| &item[*field]).find(|value| !value.is_null()).unwrap_or(&Value::Null)
}

/// The texts of an item of reasoning: all of it where the provider gives it, else its summary.
pub(super) fn reasoning(item: &Value) -> impl Iterator<Item = &Value> {
    let [content, summary] = ["content", "summary"].map(|field| array(&item[field]));
    let parts = if content.is_empty() { summary } else { content };
    parts.iter().map(|part| &part["text"])
}
