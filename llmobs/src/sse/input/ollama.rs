//! Decoding of requests of Ollama's native chat and generate endpoints.

use serde_json::Value;

use super::call;
use super::instructions;
use super::media;
use super::openai;
use super::reasoning;
use super::response;
use super::role;
use super::text;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Modality;
use crate::content::Part;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::non_empty_str;

pub(super) fn read(value: &Value) -> Input {
    let input = instructions(&value["system"]).fold(Input::new(), Input::system);
    let input = input.messages(array(&value["messages"]).iter().filter_map(message));
    let prompt: Vec<Part> = text(&value["prompt"]).into_iter().chain(images(value)).collect();
    let prompt = (!prompt.is_empty()).then(|| prompt.into_iter().fold(Message::new(MessageRole::User), Message::part));
    openai::tools(value).fold(input.messages(prompt), Input::tool)
}

fn message(message: &Value) -> Option<Message> {
    let role = role(&message["role"])?;
    let content = &message["content"];
    let parts: Vec<Part> = if role == MessageRole::Tool {
        response(non_empty_str(&message["tool_call_id"]), content, |_| None)
    } else {
        let calls = array(&message["tool_calls"]).iter().filter_map(called);
        let said = reasoning(&message["thinking"]).into_iter().chain(text(content));
        said.chain(images(message)).chain(calls).collect()
    };
    Some(parts.into_iter().fold(Message::new(role), Message::part))
}

fn called(tool: &Value) -> Option<Part> {
    let function = &tool["function"];
    Some(call(non_empty_str(&function["name"])?, non_empty_str(&tool["id"]), &function["arguments"]))
}

/// Returns the images of a message, which are base64 without a media type.
fn images(of: &Value) -> impl Iterator<Item = Part> {
    array(&of["images"]).iter().filter_map(|image| media::inline(Modality::Image, "", image))
}
