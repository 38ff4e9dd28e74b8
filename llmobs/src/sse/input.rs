//! The messages of a request.

mod anthropic;
mod gemini;
mod media;
mod ollama;
mod openai;
mod responses;

use serde_json::Value;

use super::body;
use super::decoder_state::non_empty_str;
use super::dialect::Dialect;
use crate::content::Input;
use crate::content::Message;
use crate::content::MessageRole;
use crate::content::Part;
use crate::content::ToolCall;
use crate::content::ToolDefinition;

/// What a request gives to the model: instructions, messages with all their parts, and the tools that it offers. Empty if
/// the request is none of the dialect's.
///
/// What it does not know it leaves out, and so what is encrypted. Media and files become what the conventions have for
/// them: a blob, a file that the provider holds, or an address. A request for embeddings has no messages: do not ask for
/// them, since that of OpenAI looks like one of its Responses.
///
/// ```
/// use llmobs::Observer;
/// use llmobs::content::Input;
/// use llmobs::content::Message;
/// use llmobs::sse::{self, Dialect};
///
/// let body = br#"{"model":"m","max_tokens":9,"system":"Be kind.","messages":[{"role":"user","content":"Hello"}]}"#;
/// let input = sse::input(Dialect::Anthropic, body);
/// assert_eq!(input, Input::new().system("Be kind.").message(Message::user("Hello")));
///
/// let observer = Observer::builder().model("m").build()?;
/// let operation = observer.chat("m").start();
/// // Nothing is read unless content is captured.
/// operation.marker().input(|| sse::input(Dialect::Anthropic, body));
/// operation.complete();
/// # Ok::<(), llmobs::BuildError>(())
/// ```
pub fn input(dialect: Dialect, body: &[u8]) -> Input {
    let Some(value) = body::parse(body) else { return Input::new() };
    match dialect {
        Dialect::Anthropic => anthropic::read(&value),
        Dialect::Gemini => gemini::read(&value),
        Dialect::Ollama => ollama::read(&value),
        Dialect::OpenAi => openai::read(&value),
    }
}

/// What providers call who speaks.
fn role(word: &Value) -> Option<MessageRole> {
    Some(match word.as_str()? {
        "assistant" | "model" => MessageRole::Assistant,
        "developer" => MessageRole::Developer,
        "system" => MessageRole::System,
        "function" | "tool" => MessageRole::Tool,
        "user" => MessageRole::User,
        _ => return None,
    })
}

/// A text, unless it is none or empty.
fn text(value: &Value) -> Option<Part> {
    non_empty_str(value).map(Part::text)
}

fn reasoning(value: &Value) -> Option<Part> {
    non_empty_str(value).map(Part::reasoning)
}

/// A call with its arguments: a text, or the value that a text would spell.
fn call(name: &str, id: Option<&str>, arguments: &Value) -> Part {
    let call = id.into_iter().fold(ToolCall::new(name), ToolCall::id);
    match arguments {
        Value::Null => call,
        Value::String(text) if text.is_empty() => call,
        Value::String(text) => call.arguments_text(text),
        value => call.arguments(value.clone()),
    }
    .into()
}

/// What a tool answered: its texts and values as one, and its media, which are parts of their own.
fn response(id: Option<&str>, content: &Value, media: fn(&Value) -> Option<Part>) -> Vec<Part> {
    let (mut values, mut parts) = (Vec::new(), Vec::new());
    for item in listed(content) {
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

/// Parts with who gives them, as messages: consecutive parts of one are one message.
fn messages(parts: impl IntoIterator<Item = (MessageRole, Part)>) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for (role, part) in parts {
        match messages.pop_if(|last| last.role == role) {
            Some(last) => messages.push(last.part(part)),
            None => messages.push(Message::new(role).part(part)),
        }
    }
    messages
}

/// The texts of instructions: one, or a list of them or of objects that have them.
fn instructions(value: &Value) -> impl Iterator<Item = &str> {
    listed(value).iter().flat_map(|item| [item, &item["text"]]).filter_map(non_empty_str)
}

/// A list, or the one thing that would be in it.
fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice)
}

/// A function with its description and the schema of its parameters, if it has a name.
fn function(function: &Value, parameters: &str) -> Option<ToolDefinition> {
    described(ToolDefinition::function(non_empty_str(&function["name"])?), function, parameters).into()
}

fn described(mut tool: ToolDefinition, of: &Value, parameters: &str) -> ToolDefinition {
    if let Some(text) = non_empty_str(&of["description"]) {
        tool = tool.description(text);
    }
    if of[parameters].is_object() {
        tool = tool.parameters(of[parameters].clone());
    }
    tool
}
