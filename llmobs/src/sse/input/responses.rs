//! Decoding of OpenAI's Responses requests. The conversation is a list of items, including items of earlier responses.

use serde_json::Value;

use super::call;
use super::instructions;
use super::messages;
use super::openai;
use super::reasoning;
use super::response;
use super::role;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Part;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::responses_items;

pub(super) fn read(value: &Value) -> Input {
    let input = instructions(&value["instructions"]).fold(Input::new(), Input::system);
    let input = non_empty_str(&value["input"]).map(Message::user).into_iter().fold(input, Input::message);
    openai::tools(value).fold(input.messages(turns(array(&value["input"]))), Input::tool)
}

/// Returns the messages of the items. Consecutive items of the model (texts, reasoning, tool calls) form one message.
fn turns(items: &[Value]) -> Vec<Message> {
    let mut turns: Vec<Message> = Vec::new();
    for message in items.iter().flat_map(|of| messages(item(of))) {
        let goes_on = message.role == MessageRole::Assistant;
        match turns.pop_if(|last| goes_on && last.role == MessageRole::Assistant) {
            Some(last) => turns.push(message.parts.into_iter().fold(last, Message::part)),
            None => turns.push(message),
        }
    }
    turns
}

fn item(item: &Value) -> Vec<(MessageRole, Part)> {
    let kind = item["type"].as_str().unwrap_or("message");
    let (role, mut parts) = match kind {
        "message" => {
            let Some(role) = role(&item["role"]) else { return Vec::new() };
            (role, openai::parts(&item["content"]).collect())
        }
        "reasoning" => (MessageRole::Assistant, responses_items::reasoning(item).filter_map(reasoning).collect()),
        _ if kind.ends_with("_output") => (MessageRole::Tool, answer(item)),
        _ => {
            let called = responses_items::called(item)
                .map(|name| call(name, responses_items::id(item), responses_items::arguments(item)));
            (MessageRole::Assistant, called.into_iter().collect::<Vec<_>>())
        }
    };
    let of_role = parts.drain(..).map(|part| (role, part));
    // A call of a tool of the provider contains its result.
    let answered = role == MessageRole::Assistant && kind != "message" && !item["output"].is_null();
    let answer = if answered { answer(item) } else { Vec::new() };
    of_role.chain(answer.into_iter().map(|part| (MessageRole::Tool, part))).collect()
}

fn answer(item: &Value) -> Vec<Part> {
    response(responses_items::id(item), &item["output"], openai::medium)
}
