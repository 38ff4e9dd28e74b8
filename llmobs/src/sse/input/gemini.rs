//! Decoding of requests of Gemini's `generateContent` and `streamGenerateContent`. Field names may be in camel case or
//! snake case.

use serde_json::Value;

use super::as_list;
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
use super::values::first_non_null;
use super::values::is_non_empty;
use super::values::non_empty_str;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Part;
use crate::content::ToolDefinition;
use crate::sse::provider::gemini::CODE_EXECUTION;

pub(super) fn parse(value: &Value) -> Input {
    let system = first_non_null(value, ["systemInstruction", "system_instruction"]);
    let input = instruction_texts(&system["parts"]).chain(instruction_texts(system)).fold(Input::new(), Input::system);
    let input = input.messages(as_list(&value["contents"]).iter().flat_map(parse_content));
    array_or_empty(&value["tools"]).iter().flat_map(parse_tools).fold(input, Input::tool)
}

fn parse_content(content: &Value) -> Vec<Message> {
    // A request with one question may omit the role.
    let role = message_role(&content["role"]).unwrap_or(MessageRole::User);
    group_by_role(as_list(&content["parts"]).iter().flat_map(|part| parse_part(role, part)))
}

fn parse_part(role: MessageRole, part: &Value) -> Vec<(MessageRole, Part)> {
    let call = first_non_null(part, ["functionCall", "function_call"]);
    let code = first_non_null(part, ["executableCode", "executable_code"]);
    let role_part = if let Some(name) = non_empty_str(&call["name"]) {
        Some(tool_call_part(name, non_empty_str(&call["id"]), &call["args"]))
    } else if is_non_empty(code) {
        Some(tool_call_part(CODE_EXECUTION, None, code))
    } else if part["thought"] == true {
        reasoning_part(&part["text"])
    } else {
        media_part(part).or_else(|| text_part(&part["text"]))
    };
    let tool_results = tool_responses(part).into_iter().map(|part| (MessageRole::Tool, part));
    role_part.map(|part| (role, part)).into_iter().chain(tool_results).collect()
}

/// Returns the result of a tool of the application (`functionResponse`) with its media, or of the provider's code
/// execution (`codeExecutionResult`).
fn tool_responses(part: &Value) -> Vec<Part> {
    let response = first_non_null(part, ["functionResponse", "function_response"]);
    let execution = first_non_null(part, ["codeExecutionResult", "code_execution_result"]);
    let media_parts = array_or_empty(&response["parts"]).iter().filter_map(media_part);
    if response.is_object() {
        let results = tool_response_parts(non_empty_str(&response["id"]), &response["response"], |_| None);
        results.into_iter().chain(media_parts).collect()
    } else if execution.is_object() {
        tool_response_parts(None, execution, |_| None)
    } else {
        Vec::new()
    }
}

fn media_part(part: &Value) -> Option<Part> {
    let inline = first_non_null(part, ["inlineData", "inline_data"]);
    let file = first_non_null(part, ["fileData", "file_data"]);
    let mime_type =
        [inline, file].into_iter().find_map(|data| non_empty_str(first_non_null(data, ["mimeType", "mime_type"])));
    let (mime_type, modality) = (mime_type.unwrap_or_default(), media::modality(mime_type.unwrap_or_default()));
    media::data_uri_part(modality, mime_type, &inline["data"]).or_else(|| {
        let part = media::uri_part(modality, first_non_null(file, ["fileUri", "file_uri"]))?;
        Some(if mime_type.is_empty() { part } else { part.mime_type(mime_type) })
    })
}

/// Returns the tools of an object: functions of the application, and tools of the provider, whose field name is their
/// name.
fn parse_tools(tool: &Value) -> Vec<ToolDefinition> {
    let mut tools = Vec::new();
    for (field, value) in tool.as_object().into_iter().flatten() {
        if matches!(field.as_str(), "functionDeclarations" | "function_declarations") {
            for function in array_or_empty(value) {
                let schemas = ["parameters", "parametersJsonSchema", "parameters_json_schema"];
                let schema = schemas.into_iter().find(|schema| function[*schema].is_object());
                tools.extend(function_tool(function, schema.unwrap_or_default()));
            }
        } else {
            tools.push(ToolDefinition::new(field, field));
        }
    }
    tools
}
