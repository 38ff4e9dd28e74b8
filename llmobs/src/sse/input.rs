//! Decoding of requests into messages.

mod anthropic;
mod gemini;
mod media;
mod ollama;
mod openai;
mod responses;
mod values;

use serde_json::Value;

use self::values::non_empty_str;
use super::dialect::Dialect;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Part;
use crate::content::ToolCall;
use crate::content::ToolDefinition;

/// Decodes the body of a request: instructions, messages with all their parts, and the offered tools. Returns an empty
/// input if the body is not a request of the dialect.
///
/// Unknown and encrypted parts are left out. Media and files become the parts that the OpenTelemetry GenAI conventions
/// define for them: a blob, a file stored at the provider, or a URI. Do not pass a request for embeddings: it has no
/// messages, and OpenAI's has the fields of a Responses request.
///
/// ```
/// use llmobs::Observer;
/// use llmobs::content::Input;
/// use llmobs::content::Message;
/// use llmobs::sse::{self, Dialect};
///
/// let body = br#"{"model":"m","max_tokens":9,"system":"Be kind.","messages":[{"role":"user","content":"Hello"}]}"#;
/// let input = sse::parse_input(Dialect::Anthropic, body);
/// assert_eq!(input, Input::new().system("Be kind.").message(Message::user("Hello")));
///
/// let observer = Observer::builder().model("m").build()?;
/// let operation = observer.chat("m").start();
/// // Nothing is read unless content is captured.
/// operation.marker().input(|| sse::parse_input(Dialect::Anthropic, body));
/// operation.complete();
/// # Ok::<(), llmobs::BuildError>(())
/// ```
pub fn parse_input(dialect: Dialect, body: &[u8]) -> Input {
    let Some(value) = parse_json(body) else { return Input::new() };
    match dialect {
        Dialect::Anthropic => anthropic::parse(&value),
        Dialect::Gemini => gemini::parse(&value),
        Dialect::Ollama => ollama::parse(&value),
        Dialect::OpenAi if openai::is_completions_request(&value) => openai::parse(&value),
        Dialect::OpenAi => responses::parse(&value),
    }
}

/// Parses the JSON of a body. Returns `None` if it is not JSON. Invalid UTF-8 is replaced; a byte order mark is
/// skipped.
fn parse_json(body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

/// Returns the role that a provider's role name denotes. Examples: `model` is `Assistant`, `function` is `Tool`,
/// unknown names are `None`.
fn message_role(name: &Value) -> Option<MessageRole> {
    Some(match name.as_str()? {
        "assistant" | "model" => MessageRole::Assistant,
        "developer" => MessageRole::Developer,
        "system" => MessageRole::System,
        "function" | "tool" => MessageRole::Tool,
        "user" => MessageRole::User,
        _ => return None,
    })
}

/// Returns a text part; `None` if the value is not a string or is empty.
fn text_part(value: &Value) -> Option<Part> {
    non_empty_str(value).map(Part::text)
}

fn reasoning_part(value: &Value) -> Option<Part> {
    non_empty_str(value).map(Part::reasoning)
}

/// Returns a tool call with its arguments, given as JSON text or as a JSON value.
fn tool_call_part(name: &str, id: Option<&str>, arguments: &Value) -> Part {
    let call = id.into_iter().fold(ToolCall::new(name), ToolCall::id);
    match arguments {
        Value::Null => call,
        Value::String(text) if text.is_empty() => call,
        Value::String(text) => call.arguments_text(text),
        value => call.arguments(value.clone()),
    }
    .into()
}

/// Returns the result of a tool: one part with its texts and values, followed by its media as separate parts.
fn tool_response_parts(id: Option<&str>, content: &Value, media: fn(&Value) -> Option<Part>) -> Vec<Part> {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    for item in as_list(content) {
        let is_text = item["type"].as_str().is_some_and(|kind| kind.ends_with("text")) && item["text"].is_string();
        match media(item) {
            Some(part) => parts.push(part),
            None => values.push(if is_text { item["text"].clone() } else { item.clone() }),
        }
    }
    let value = match (values.pop(), values.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => values.into_iter().chain([last]).collect(),
        (None, _) => Value::Null,
    };
    let response = match id {
        Some(id) => Part::tool_call_response(id, value),
        None => Part::response(value),
    };
    parts.insert(0, response);
    parts
}

/// Returns messages from parts with roles. Consecutive parts of the same role form one message.
fn group_by_role(parts: impl IntoIterator<Item = (MessageRole, Part)>) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for (role, part) in parts {
        match messages.pop_if(|last| last.role == role) {
            Some(last) => messages.push(last.part(part)),
            None => messages.push(Message::new(role).part(part)),
        }
    }
    messages
}

/// Returns the texts of the instructions: a string, a list of strings, or objects with a `text` field.
fn instruction_texts(value: &Value) -> impl Iterator<Item = &str> {
    as_list(value).iter().flat_map(|item| [item, &item["text"]]).filter_map(non_empty_str)
}

/// Returns the elements of a list; for any other value, the value itself as the only element.
fn as_list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

/// Returns the definition of a function with its description and parameter schema; `None` without a name. `parameters`
/// is the name of the schema's field.
fn function_tool(function: &Value, parameters: &str) -> Option<ToolDefinition> {
    describe_tool(ToolDefinition::function(non_empty_str(&function["name"])?), function, parameters).into()
}

fn describe_tool(mut tool: ToolDefinition, definition: &Value, parameters: &str) -> ToolDefinition {
    if let Some(text) = non_empty_str(&definition["description"]) {
        tool = tool.description(text);
    }
    if definition[parameters].is_object() {
        tool = tool.parameters(definition[parameters].clone());
    }
    tool
}
