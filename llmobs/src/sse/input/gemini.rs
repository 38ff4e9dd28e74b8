//! Decoding of requests of Gemini's `generateContent` and `streamGenerateContent`. Field names may be in camel case or
//! snake case.

use serde_json::Value;

use super::call;
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
use crate::content::Part;
use crate::content::ToolDefinition;
use crate::sse::decoder_state::array;
use crate::sse::decoder_state::either;
use crate::sse::decoder_state::is_non_empty;
use crate::sse::decoder_state::non_empty_str;
use crate::sse::delta::gemini::CODE_EXECUTION;

pub(super) fn read(value: &Value) -> Input {
    let system = either(value, ["systemInstruction", "system_instruction"]);
    let input = instructions(&system["parts"]).chain(instructions(system)).fold(Input::new(), Input::system);
    let input = input.messages(listed(&value["contents"]).iter().flat_map(turns));
    array(&value["tools"]).iter().flat_map(tools).fold(input, Input::tool)
}

fn turns(content: &Value) -> Vec<Message> {
    // A request with one question may omit the role.
    let role = role(&content["role"]).unwrap_or(MessageRole::User);
    messages(listed(&content["parts"]).iter().flat_map(|of| part(role, of)))
}

fn part(role: MessageRole, part: &Value) -> Vec<(MessageRole, Part)> {
    let called = either(part, ["functionCall", "function_call"]);
    let code = either(part, ["executableCode", "executable_code"]);
    let of_role = if let Some(name) = non_empty_str(&called["name"]) {
        Some(call(name, non_empty_str(&called["id"]), &called["args"]))
    } else if is_non_empty(code) {
        Some(call(CODE_EXECUTION, None, code))
    } else if part["thought"] == true {
        reasoning(&part["text"])
    } else {
        medium(part).or_else(|| text(&part["text"]))
    };
    let answers = answers(part).into_iter().map(|part| (MessageRole::Tool, part));
    of_role.map(|part| (role, part)).into_iter().chain(answers).collect()
}

/// Returns the result of a tool of the application (`functionResponse`) with its media, or of the provider's code
/// execution (`codeExecutionResult`).
fn answers(part: &Value) -> Vec<Part> {
    let answered = either(part, ["functionResponse", "function_response"]);
    let ran = either(part, ["codeExecutionResult", "code_execution_result"]);
    let beside = array(&answered["parts"]).iter().filter_map(medium);
    if answered.is_object() {
        let answer = response(non_empty_str(&answered["id"]), &answered["response"], |_| None);
        answer.into_iter().chain(beside).collect()
    } else if ran.is_object() {
        response(None, ran, |_| None)
    } else {
        Vec::new()
    }
}

fn medium(part: &Value) -> Option<Part> {
    let inline = either(part, ["inlineData", "inline_data"]);
    let file = either(part, ["fileData", "file_data"]);
    let kind = [inline, file].into_iter().find_map(|of| non_empty_str(either(of, ["mimeType", "mime_type"])));
    let (kind, modality) = (kind.unwrap_or_default(), media::modality(kind.unwrap_or_default()));
    media::inline(modality, kind, &inline["data"]).or_else(|| {
        let part = media::at(modality, either(file, ["fileUri", "file_uri"]))?;
        Some(if kind.is_empty() { part } else { part.mime_type(kind) })
    })
}

/// Returns the tools of an object: functions of the application, and tools of the provider, whose field name is their
/// name.
fn tools(tool: &Value) -> Vec<ToolDefinition> {
    let mut tools = Vec::new();
    for (field, value) in tool.as_object().into_iter().flatten() {
        if matches!(field.as_str(), "functionDeclarations" | "function_declarations") {
            for of in array(value) {
                let schemas = ["parameters", "parametersJsonSchema", "parameters_json_schema"];
                let schema = schemas.into_iter().find(|schema| of[*schema].is_object());
                tools.extend(function(of, schema.unwrap_or_default()));
            }
        } else {
            tools.push(ToolDefinition::new(field, field));
        }
    }
    tools
}
