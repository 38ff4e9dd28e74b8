//! The items of OpenAI's Responses, which occur in responses and in the requests that continue them.

use serde_json::Value;

use super::decoder_state::array_or_empty;
use super::decoder_state::non_empty_str;

/// The delta events that contain a part of a tool call.
pub(super) const TOOL_CALL_DELTAS: [&str; 5] = [
    "function_call_arguments",
    "mcp_call_arguments",
    "custom_tool_call_input",
    "code_interpreter_call_code",
    "shell_call_command",
];

/// Returns the name of the tool that an item calls; `None` if the item is not a call. Tools of the provider have no
/// name, so their type is used. Examples: a `function_call` named `add` is `add`; a `web_search_call` without a name is
/// `web_search`; a `message` is `None`.
pub(super) fn tool_name(item: &Value) -> Option<&str> {
    let kind = item["type"].as_str()?.strip_suffix("_call")?;
    non_empty_str(&item["name"]).or(Some(kind)).filter(|name| !name.is_empty())
}

/// Returns the id that the result of a call refers to.
pub(super) fn call_id(item: &Value) -> Option<&str> {
    non_empty_str(&item["call_id"]).or_else(|| non_empty_str(&item["id"]))
}

/// Returns the arguments of a tool call; null if the item has none.
pub(super) fn arguments(item: &Value) -> &Value {
    let fields = ["arguments", "input", "code", "action", "operation", "queries"];
    fields.iter().map(|field| &item[*field]).find(|value| !value.is_null()).unwrap_or(&Value::Null)
}

/// Returns the texts of a reasoning item: the complete reasoning if the provider includes it, else its summary.
pub(super) fn reasoning_texts(item: &Value) -> impl Iterator<Item = &Value> {
    let [content, summary] = ["content", "summary"].map(|field| array_or_empty(&item[field]));
    let parts = if content.is_empty() { summary } else { content };
    parts.iter().map(|part| &part["text"])
}
