//! Decoding of Anthropic's Messages requests. Tool results, which Anthropic puts into user messages, become messages of
//! the role `Tool`.

use serde_json::Value;

use super::call;
use super::described;
use super::function;
use super::instructions;
use super::listed;
use super::media;
use super::messages;
use super::reasoning;
use super::response;
use super::role;
use super::text;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Modality;
use crate::content::Part;
use crate::content::ToolDefinition;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::non_empty_str;

pub(super) fn read(value: &Value) -> Input {
    let input = instructions(&value["system"]).fold(Input::new(), Input::system);
    let input = input.messages(array(&value["messages"]).iter().flat_map(turns));
    array(&value["tools"]).iter().filter_map(tool).fold(input, Input::tool)
}

fn turns(message: &Value) -> Vec<Message> {
    let Some(role) = role(&message["role"]) else { return Vec::new() };
    messages(listed(&message["content"]).iter().flat_map(|content| block(role, content)))
}

fn block(role: MessageRole, block: &Value) -> Vec<(MessageRole, Part)> {
    let kind = block["type"].as_str().unwrap_or("text");
    if kind.ends_with("tool_result") {
        let parts = response(non_empty_str(&block["tool_use_id"]), &block["content"], medium);
        return parts.into_iter().map(|part| (MessageRole::Tool, part)).collect();
    }
    let part = match kind {
        "text" => text(block).or_else(|| text(&block["text"])),
        "thinking" => reasoning(&block["thinking"]),
        _ if kind.ends_with("tool_use") => {
            non_empty_str(&block["name"]).map(|name| call(name, non_empty_str(&block["id"]), &block["input"]))
        }
        _ => medium(block),
    };
    // Documents and search results may contain further blocks.
    let inner = match kind {
        "document" => array(&block["source"]["content"]),
        "search_result" => array(&block["content"]),
        _ => &[],
    };
    let inner = inner.iter().filter_map(|inner| medium(inner).or_else(|| text(&inner["text"])));
    part.into_iter().chain(inner).map(|part| (role, part)).collect()
}

/// Returns the media part of a block, or the text of a document.
fn medium(block: &Value) -> Option<Part> {
    let modality = match block["type"].as_str()? {
        "container_upload" => return media::file_part(Modality::Document, &block["file_id"]),
        "document" => Modality::Document,
        "image" => Modality::Image,
        _ => return None,
    };
    let source = &block["source"];
    match source["type"].as_str()? {
        "base64" => media::inline(modality, non_empty_str(&source["media_type"]).unwrap_or_default(), &source["data"]),
        "content" => text(&source["content"]),
        "file" => media::file_part(modality, &source["file_id"]),
        "text" => text(&source["data"]),
        "url" => media::at(modality, &source["url"]),
        _ => None,
    }
}

fn tool(tool: &Value) -> Option<ToolDefinition> {
    match non_empty_str(&tool["type"]) {
        None | Some("custom") => function(tool, "input_schema"),
        Some(kind) => {
            let name = non_empty_str(&tool["name"]).unwrap_or(kind);
            Some(described(ToolDefinition::new(kind, name), tool, "input_schema"))
        }
    }
}
