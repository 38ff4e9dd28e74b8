//! `POST /v1/chat/completions`: returns the assistant's next message of a conversation.

use serde::Deserialize;
use serde::Serialize;

use crate::api::Answer;
use crate::api::Dialect;
use crate::api::Head;
use crate::api::Parameters;
use crate::api::Part;
use crate::api::Usage;
use crate::api::Whole;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::error::ApiError;
use llmobs::semconv::value::OperationName;

#[derive(Deserialize)]
pub(crate) struct ChatRequest {
    #[serde(flatten)]
    parameters: Parameters,
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    role: Role,
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    #[serde(alias = "developer")]
    System,
    User,
    Assistant,
}

/// Text, or a list of text parts.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<TextPart>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename = "text")]
struct TextPart {
    text: String,
}

impl From<Said> for Message {
    fn from(said: Said) -> Self {
        let role = match said.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let content = match said.content {
            Content::Text(text) => text,
            Content::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        };
        Self { role, content }
    }
}

impl Dialect for ChatRequest {
    const OPERATION: OperationName = OperationName::Chat;
    const ID: &'static str = "chatcmpl-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.messages.is_empty() {
            return Err(ApiError::field("messages", "a conversation needs at least one message"));
        }
        Ok(Prompt::Chat(self.messages.into_iter().map(Message::from).collect()))
    }

    fn whole<'a>(head: &'a Head, whole: &'a Whole) -> impl Serialize + 'a {
        let message = Delta { role: Some("assistant"), content: Some(&whole.text) };
        let choice =
            Choice { index: 0, message: Some(message), delta: None, finish_reason: Some(whole.reason.as_str()) };
        Answer { head, object: "chat.completion", choices: vec![choice], usage: Some(whole.counts.into()) }
    }

    fn part<'a>(head: &'a Head, part: &Part<'a>) -> Option<impl Serialize + 'a> {
        let chunk = |delta, finish_reason| Choice { index: 0, message: None, delta: Some(delta), finish_reason };
        let (choices, usage) = match *part {
            Part::Opening => (vec![chunk(Delta { role: Some("assistant"), content: None }, None)], None),
            Part::Text(text) => (vec![chunk(Delta { role: None, content: Some(text) }, None)], None),
            Part::Closing(reason) => (vec![chunk(Delta::default(), Some(reason.as_str()))], None),
            Part::Usage(counts) => (vec![], Some(Usage::from(counts))),
        };
        Some(Answer { head, object: "chat.completion.chunk", choices, usage })
    }
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Delta<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta: Option<Delta<'a>>,
    finish_reason: Option<&'a str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}
