//! Decoding of OpenAI's Responses requests. The conversation is a list of items, including items of earlier responses.

use serde_json::Value;

use super::group_by_role;
use super::instruction_texts;
use super::message_role;
use super::openai;
use super::reasoning_part;
use super::tool_call_part;
use super::tool_response_parts;
use super::values::array_or_empty;
use super::values::non_empty_str;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Part;

pub(super) fn parse(value: &Value) -> Input {
    let input = instruction_texts(&value["instructions"]).fold(Input::new(), Input::system);
    let input = non_empty_str(&value["input"]).map(Message::user).into_iter().fold(input, Input::message);
    openai::parse_tools(value).fold(input.messages(parse_items(array_or_empty(&value["input"]))), Input::tool)
}

/// Returns the messages of the items. Consecutive items of the model (texts, reasoning, tool calls) form one message.
fn parse_items(items: &[Value]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for message in items.iter().flat_map(|item| group_by_role(parse_item(item))) {
        let is_assistant = message.role == MessageRole::Assistant;
        match messages.pop_if(|last| is_assistant && last.role == MessageRole::Assistant) {
            Some(last) => messages.push(message.parts.into_iter().fold(last, Message::part)),
            None => messages.push(message),
        }
    }
    messages
}

fn parse_item(item: &Value) -> Vec<(MessageRole, Part)> {
    let kind = item["type"].as_str().unwrap_or("message");
    let (role, mut parts) = match kind {
        "message" => {
            let Some(role) = message_role(&item["role"]) else { return Vec::new() };
            (role, openai::parse_parts(&item["content"]).collect())
        }
        "reasoning" => (MessageRole::Assistant, reasoning_texts(item).filter_map(reasoning_part).collect()),
        _ if kind.ends_with("_output") => (MessageRole::Tool, tool_response(item)),
        _ => {
            let call = tool_name(item).map(|name| tool_call_part(name, call_id(item), arguments(item)));
            (MessageRole::Assistant, call.into_iter().collect::<Vec<_>>())
        }
    };
    let role_parts = parts.drain(..).map(|part| (role, part));
    // A call of a tool of the provider contains its result.
    let has_result = role == MessageRole::Assistant && kind != "message" && !item["output"].is_null();
    let results = if has_result { tool_response(item) } else { Vec::new() };
    role_parts.chain(results.into_iter().map(|part| (MessageRole::Tool, part))).collect()
}

fn tool_response(item: &Value) -> Vec<Part> {
    tool_response_parts(call_id(item), &item["output"], openai::media_part)
}

/// Returns the name of the tool that an item calls; `None` if the item is not a call. Tools of the provider have no
/// name, so their type is used. Examples: a `function_call` named `add` is `add`; a `web_search_call` without a name is
/// `web_search`; a `message` is `None`.
fn tool_name(item: &Value) -> Option<&str> {
    let kind = item["type"].as_str()?.strip_suffix("_call")?;
    non_empty_str(&item["name"]).or(Some(kind)).filter(|name| !name.is_empty())
}

/// Returns the id that the result of a call refers to.
fn call_id(item: &Value) -> Option<&str> {
    non_empty_str(&item["call_id"]).or_else(|| non_empty_str(&item["id"]))
}

/// Returns the arguments of a tool call; null if the item has none.
fn arguments(item: &Value) -> &Value {
    let fields = ["arguments", "input", "code", "action", "actions", "operation", "queries"];
    fields.iter().map(|field| &item[*field]).find(|value| !value.is_null()).unwrap_or(&Value::Null)
}

/// Returns the texts of a reasoning item: the complete reasoning if the provider includes it, else its summary.
fn reasoning_texts(item: &Value) -> impl Iterator<Item = &Value> {
    let [content, summary] = ["content", "summary"].map(|field| array_or_empty(&item[field]));
    let parts = if content.is_empty() { summary } else { content };
    parts.iter().map(|part| &part["text"])
}
