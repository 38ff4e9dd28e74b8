//! Decoding of requests of OpenAI's chat completions and legacy completions, and of compatible servers.

use serde_json::Value;

use super::as_list;
use super::describe_tool;
use super::function_tool;
use super::media;
use super::message_role;
use super::reasoning_part;
use super::text_part;
use super::tool_call_part;
use super::tool_response_parts;
use super::values::array_or_empty;
use super::values::first_non_null;
use super::values::non_empty_str;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Modality;
use crate::content::Part;
use crate::content::ToolDefinition;

/// Returns whether a request is one of chat completions or legacy completions, and not of Responses, where `prompt` is
/// an object that references a stored prompt.
pub(super) fn is_completions_request(value: &Value) -> bool {
    value["messages"].is_array() || value["prompt"].is_string() || value["prompt"].is_array()
}

pub(super) fn parse(value: &Value) -> Input {
    let prompt = &value["prompt"];
    let messages = array_or_empty(&value["messages"]).iter().filter_map(parse_message);
    // Prompts that are lists of token ids contain no text.
    let prompts = as_list(prompt).iter().filter_map(non_empty_str).map(Message::user);
    parse_tools(value).fold(Input::new().messages(messages.chain(prompts)), Input::tool)
}

/// Returns the tools of chat completions and Responses requests, and the `functions` of older requests.
pub(super) fn parse_tools(value: &Value) -> impl Iterator<Item = ToolDefinition> {
    let functions =
        array_or_empty(&value["functions"]).iter().filter_map(|function| function_tool(function, "parameters"));
    array_or_empty(&value["tools"]).iter().filter_map(parse_tool).chain(functions)
}

fn parse_tool(tool: &Value) -> Option<ToolDefinition> {
    let kind = non_empty_str(&tool["type"])?;
    // Responses have the fields of a tool next to its type, not in an object.
    let definition = if tool[kind].is_object() { &tool[kind] } else { tool };
    if kind == "function" {
        return function_tool(definition, "parameters");
    }
    // A tool of the provider is named by its type, and a tool of an MCP server by the server's label.
    let name = ["name", "server_label"].into_iter().find_map(|field| non_empty_str(&definition[field]));
    Some(describe_tool(ToolDefinition::new(kind, name.unwrap_or(kind)), definition, "parameters"))
}

fn parse_message(message: &Value) -> Option<Message> {
    let role = message_role(&message["role"])?;
    let named = non_empty_str(&message["name"]).into_iter().fold(Message::new(role), Message::name);
    let content = &message["content"];
    if role == MessageRole::Tool {
        let parts = tool_response_parts(non_empty_str(&message["tool_call_id"]), content, media_part);
        return Some(parts.into_iter().fold(named, Message::part));
    }
    let reasoning = ["reasoning_content", "reasoning"].into_iter().find_map(|field| reasoning_part(&message[field]));
    let tools = array_or_empty(&message["tool_calls"]).iter().filter_map(parse_tool_call);
    let legacy = &message["function_call"];
    let legacy = non_empty_str(&legacy["name"]).map(|name| tool_call_part(name, None, &legacy["arguments"]));
    let parts = reasoning.into_iter().chain(parse_parts(content)).chain(text_part(&message["refusal"]));
    let parts = parts.chain(media::file_part(Modality::Audio, &message["audio"]["id"])).chain(tools).chain(legacy);
    Some(parts.fold(named, Message::part))
}

/// Returns the parts of a message's content: one text, or a list of parts.
pub(super) fn parse_parts(content: &Value) -> impl Iterator<Item = Part> {
    as_list(content).iter().flat_map(parse_part)
}

fn parse_part(part: &Value) -> Vec<Part> {
    if let Some(media) = media_part(part) {
        return vec![media];
    }
    match part["type"].as_str() {
        Some("refusal") => text_part(&part["refusal"]).into_iter().collect(),
        Some("thinking") => thinking_texts(&part["thinking"]).filter_map(reasoning_part).collect(),
        // The type is `text`, or `input_text` or `output_text` in Responses.
        _ => text_part(part).or_else(|| text_part(&part["text"])).into_iter().collect(),
    }
}

/// Returns the texts of Mistral's `thinking`: a string, or a list of parts.
fn thinking_texts(value: &Value) -> impl Iterator<Item = &Value> {
    array_or_empty(value).iter().map(|part| &part["text"]).chain([value])
}

fn parse_tool_call(tool: &Value) -> Option<Part> {
    let function = first_non_null(tool, ["function", "custom"]);
    Some(tool_call_part(
        non_empty_str(&function["name"])?,
        non_empty_str(&tool["id"]),
        first_non_null(function, ["arguments", "input"]),
    ))
}

/// Returns the media part that a part of a message denotes, if any.
pub(super) fn media_part(part: &Value) -> Option<Part> {
    match part["type"].as_str()? {
        "computer_screenshot" | "image_url" | "input_image" => url_part(Modality::Image, &part["image_url"])
            .or_else(|| media::file_part(Modality::Image, &part["file_id"])),
        // Extensions of vLLM: `audio_url` and `video_url`.
        "audio_url" => url_part(Modality::Audio, &part["audio_url"]),
        "video_url" => url_part(Modality::Video, &part["video_url"]),
        "input_audio" => {
            let audio = &part["input_audio"];
            let kind = non_empty_str(&audio["format"]).map(|format| format!("audio/{format}")).unwrap_or_default();
            media::data_uri_part(Modality::Audio, &kind, &audio["data"])
        }
        "file" => document_part(&part["file"]),
        "input_file" => document_part(part),
        _ => None,
    }
}

/// Returns media at an address. In Responses the value is the address, in chat completions an object with a `url`.
fn url_part(modality: Modality, address: &Value) -> Option<Part> {
    media::uri_part(modality, address).or_else(|| media::uri_part(modality, &address["url"]))
}

/// Returns the part of a file: stored at the provider (`file_id`), at a URL (`file_url`), or inline (`file_data`).
fn document_part(file: &Value) -> Option<Part> {
    let [remote, inline] = ["file_url", "file_data"].map(|field| media::uri_part(Modality::Document, &file[field]));
    media::file_part(Modality::Document, &file["file_id"]).or(remote).or(inline)
}
