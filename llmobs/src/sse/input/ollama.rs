//! Decoding of requests of Ollama's native chat and generate endpoints.

use serde_json::Value;

use super::instruction_texts;
use super::media;
use super::message_role;
use super::openai;
use super::reasoning_part;
use super::text_part;
use super::tool_call_part;
use super::tool_response_parts;
use super::values::array_or_empty;
use super::values::non_empty_str;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Modality;
use crate::content::Part;

pub(super) fn parse(value: &Value) -> Input {
    let input = instruction_texts(&value["system"]).fold(Input::new(), Input::system);
    let input = input.messages(array_or_empty(&value["messages"]).iter().filter_map(parse_message));
    let prompt: Vec<Part> = text_part(&value["prompt"]).into_iter().chain(image_parts(value)).collect();
    let prompt = (!prompt.is_empty()).then(|| prompt.into_iter().fold(Message::new(MessageRole::User), Message::part));
    openai::parse_tools(value).fold(input.messages(prompt), Input::tool)
}

fn parse_message(message: &Value) -> Option<Message> {
    let role = message_role(&message["role"])?;
    let content = &message["content"];
    let parts: Vec<Part> = if role == MessageRole::Tool {
        tool_response_parts(non_empty_str(&message["tool_call_id"]), content, |_| None)
    } else {
        let calls = array_or_empty(&message["tool_calls"]).iter().filter_map(parse_tool_call);
        let texts = reasoning_part(&message["thinking"]).into_iter().chain(text_part(content));
        texts.chain(image_parts(message)).chain(calls).collect()
    };
    Some(parts.into_iter().fold(Message::new(role), Message::part))
}

fn parse_tool_call(tool: &Value) -> Option<Part> {
    let function = &tool["function"];
    Some(tool_call_part(non_empty_str(&function["name"])?, non_empty_str(&tool["id"]), &function["arguments"]))
}

/// Returns the images of a message or of a generate request, which are base64 without a media type.
fn image_parts(value: &Value) -> impl Iterator<Item = Part> {
    array_or_empty(&value["images"]).iter().filter_map(|image| media::data_uri_part(Modality::Image, "", image))
}
