//! Decoding of Anthropic's Messages requests. Tool results, which Anthropic puts into user messages, become messages of
//! the role `Tool`.

use serde_json::Value;

use super::as_list;
use super::describe_tool;
use super::function_tool;
use super::group_by_role;
use super::instruction_texts;
use super::media;
use super::message_role;
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
use crate::content::ToolDefinition;

pub(super) fn parse(value: &Value) -> Input {
    let input = instruction_texts(&value["system"]).fold(Input::new(), Input::system);
    let input = input.messages(array_or_empty(&value["messages"]).iter().flat_map(parse_message));
    array_or_empty(&value["tools"]).iter().filter_map(parse_tool).fold(input, Input::tool)
}

fn parse_message(message: &Value) -> Vec<Message> {
    let Some(role) = message_role(&message["role"]) else { return Vec::new() };
    group_by_role(as_list(&message["content"]).iter().flat_map(|content| parse_block(role, content)))
}

fn parse_block(role: MessageRole, block: &Value) -> Vec<(MessageRole, Part)> {
    let kind = block["type"].as_str().unwrap_or("text");
    if kind.ends_with("tool_result") {
        let parts = tool_response_parts(non_empty_str(&block["tool_use_id"]), &block["content"], media_part);
        return parts.into_iter().map(|part| (MessageRole::Tool, part)).collect();
    }
    let part = match kind {
        "text" => text_part(block).or_else(|| text_part(&block["text"])),
        "thinking" => reasoning_part(&block["thinking"]),
        _ if kind.ends_with("tool_use") => {
            non_empty_str(&block["name"]).map(|name| tool_call_part(name, non_empty_str(&block["id"]), &block["input"]))
        }
        _ => media_part(block),
    };
    // Documents and search results may contain further blocks.
    let inner = match kind {
        "document" => array_or_empty(&block["source"]["content"]),
        "search_result" => array_or_empty(&block["content"]),
        _ => &[],
    };
    let inner = inner.iter().filter_map(|inner| media_part(inner).or_else(|| text_part(&inner["text"])));
    part.into_iter().chain(inner).map(|part| (role, part)).collect()
}

/// Returns the media part of a block, or the text of a document.
fn media_part(block: &Value) -> Option<Part> {
    let modality = match block["type"].as_str()? {
        "container_upload" => return media::file_part(Modality::Document, &block["file_id"]),
        "document" => Modality::Document,
        "image" => Modality::Image,
        _ => return None,
    };
    let source = &block["source"];
    match source["type"].as_str()? {
        "base64" => {
            media::data_uri_part(modality, non_empty_str(&source["media_type"]).unwrap_or_default(), &source["data"])
        }
        "content" => text_part(&source["content"]),
        "file" => media::file_part(modality, &source["file_id"]),
        "text" => text_part(&source["data"]),
        "url" => media::uri_part(modality, &source["url"]),
        _ => None,
    }
}

fn parse_tool(tool: &Value) -> Option<ToolDefinition> {
    match non_empty_str(&tool["type"]) {
        None | Some("custom") => function_tool(tool, "input_schema"),
        Some(kind) => {
            let name = non_empty_str(&tool["name"]).unwrap_or(kind);
            Some(describe_tool(ToolDefinition::new(kind, name), tool, "input_schema"))
        }
    }
}
