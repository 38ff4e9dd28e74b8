//! Decoding of requests of OpenAI's chat completions and legacy completions, and of compatible servers.

use serde_json::Value;

use super::call;
use super::described;
use super::function;
use super::listed;
use super::media;
use super::reasoning;
use super::response;
use super::responses;
use super::role;
use super::text;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Modality;
use crate::content::Part;
use crate::content::ToolDefinition;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::either;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::delta::openai::thinking;

pub(super) fn read(value: &Value) -> Input {
    // In Responses, `prompt` is an object that references a stored prompt.
    let prompt = &value["prompt"];
    if !value["messages"].is_array() && !prompt.is_string() && !prompt.is_array() {
        return responses::read(value);
    }
    let messages = array(&value["messages"]).iter().filter_map(message);
    // Prompts that are lists of token ids contain no text.
    let prompts = listed(prompt).iter().filter_map(non_empty_str).map(Message::user);
    tools(value).fold(Input::new().messages(messages.chain(prompts)), Input::tool)
}

/// Returns the tools of chat completions and Responses requests, and the `functions` of older requests.
pub(super) fn tools(value: &Value) -> impl Iterator<Item = ToolDefinition> {
    let functions = array(&value["functions"]).iter().filter_map(|of| function(of, "parameters"));
    array(&value["tools"]).iter().filter_map(tool).chain(functions)
}

fn tool(tool: &Value) -> Option<ToolDefinition> {
    let kind = non_empty_str(&tool["type"])?;
    // Responses have the fields of a tool next to its type, not in an object.
    let of = if tool[kind].is_object() { &tool[kind] } else { tool };
    if kind == "function" {
        return function(of, "parameters");
    }
    // A tool of the provider is named by its type, and a tool of an MCP server by the server's label.
    let name = ["name", "server_label"].into_iter().find_map(|field| non_empty_str(&of[field]));
    Some(described(ToolDefinition::new(kind, name.unwrap_or(kind)), of, "parameters"))
}

fn message(message: &Value) -> Option<Message> {
    let role = role(&message["role"])?;
    let new = non_empty_str(&message["name"]).into_iter().fold(Message::new(role), Message::name);
    let content = &message["content"];
    if role == MessageRole::Tool {
        let parts = response(non_empty_str(&message["tool_call_id"]), content, medium);
        return Some(parts.into_iter().fold(new, Message::part));
    }
    let thought = ["reasoning_content", "reasoning"].into_iter().find_map(|field| reasoning(&message[field]));
    let tools = array(&message["tool_calls"]).iter().filter_map(called);
    let legacy = &message["function_call"];
    let legacy = non_empty_str(&legacy["name"]).map(|name| call(name, None, &legacy["arguments"]));
    let parts = thought.into_iter().chain(parts(content)).chain(text(&message["refusal"]));
    let parts = parts.chain(media::file_part(Modality::Audio, &message["audio"]["id"])).chain(tools).chain(legacy);
    Some(parts.fold(new, Message::part))
}

/// Returns the parts of a message's content: one text, or a list of parts.
pub(super) fn parts(content: &Value) -> impl Iterator<Item = Part> {
    listed(content).iter().flat_map(part)
}

fn part(part: &Value) -> Vec<Part> {
    if let Some(media) = medium(part) {
        return vec![media];
    }
    match part["type"].as_str() {
        Some("refusal") => text(&part["refusal"]).into_iter().collect(),
        Some("thinking") => thinking(&part["thinking"]).filter_map(reasoning).collect(),
        // The type is `text`, or `input_text` or `output_text` in Responses.
        _ => text(part).or_else(|| text(&part["text"])).into_iter().collect(),
    }
}

fn called(tool: &Value) -> Option<Part> {
    let of = either(tool, ["function", "custom"]);
    Some(call(non_empty_str(&of["name"])?, non_empty_str(&tool["id"]), either(of, ["arguments", "input"])))
}

/// Returns the media part that a part of a message denotes, if any.
pub(super) fn medium(part: &Value) -> Option<Part> {
    match part["type"].as_str()? {
        "computer_screenshot" | "image_url" | "input_image" => addressed(Modality::Image, &part["image_url"])
            .or_else(|| media::file_part(Modality::Image, &part["file_id"])),
        // Extensions of vLLM: `audio_url` and `video_url`.
        "audio_url" => addressed(Modality::Audio, &part["audio_url"]),
        "video_url" => addressed(Modality::Video, &part["video_url"]),
        "input_audio" => {
            let audio = &part["input_audio"];
            let kind = non_empty_str(&audio["format"]).map(|format| format!("audio/{format}")).unwrap_or_default();
            media::inline(Modality::Audio, &kind, &audio["data"])
        }
        "file" => file(&part["file"]),
        "input_file" => file(part),
        _ => None,
    }
}

/// Returns media at an address. In Responses the value is the address, in chat completions an object with a `url`.
fn addressed(modality: Modality, address: &Value) -> Option<Part> {
    media::at(modality, address).or_else(|| media::at(modality, &address["url"]))
}

/// Returns the part of a file: stored at the provider (`file_id`), at a URL (`file_url`), or inline (`file_data`).
fn file(file: &Value) -> Option<Part> {
    let [elsewhere, here] = ["file_url", "file_data"].map(|field| media::at(Modality::Document, &file[field]));
    media::file_part(Modality::Document, &file["file_id"]).or(elsewhere).or(here)
}
