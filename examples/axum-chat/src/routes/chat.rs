//! `POST /v1/chat/completions`: returns the assistant's next message of a conversation.

use serde::Deserialize;
use serde::Serialize;

use crate::api::AnswerChunk;
use crate::api::ApiRequest;
use crate::api::CompletedAnswer;
use crate::api::Parameters;
use crate::api::ResponseBody;
use crate::api::ResponseHead;
use crate::api::Usage;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::error::ApiError;
use llmobs::semconv::value::OperationName;

#[derive(Deserialize)]
pub(crate) struct ChatRequest {
    #[serde(flatten)]
    parameters: Parameters,
    messages: Vec<ChatMessage>,
}

#[derive(Deserialize)]
struct ChatMessage {
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

impl From<ChatMessage> for Message {
    fn from(message: ChatMessage) -> Self {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let content = match message.content {
            Content::Text(text) => text,
            Content::Parts(parts) => parts.into_iter().map(|part| part.text).collect(),
        };
        Self { role, content }
    }
}

impl ApiRequest for ChatRequest {
    const OPERATION: OperationName = OperationName::Chat;
    const ID_PREFIX: &'static str = "chatcmpl-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.messages.is_empty() {
            return Err(ApiError::invalid_field("messages", "a conversation needs at least one message"));
        }
        Ok(Prompt::Chat(self.messages.into_iter().map(Message::from).collect()))
    }

    fn complete_response<'a>(head: &'a ResponseHead, answer: &'a CompletedAnswer) -> impl Serialize + 'a {
        let message = Delta { role: Some("assistant"), content: Some(&answer.text) };
        let choice = Choice {
            index: 0,
            message: Some(message),
            delta: None,
            finish_reason: Some(answer.finish_reason.as_str()),
        };
        ResponseBody { head, object: "chat.completion", choices: vec![choice], usage: Some(answer.counts.into()) }
    }

    fn chunk_response<'a>(head: &'a ResponseHead, chunk: &AnswerChunk<'a>) -> Option<impl Serialize + 'a> {
        let choice = |delta, finish_reason| Choice { index: 0, message: None, delta: Some(delta), finish_reason };
        let (choices, usage) = match *chunk {
            AnswerChunk::Start => (vec![choice(Delta { role: Some("assistant"), content: None }, None)], None),
            AnswerChunk::Text(text) => (vec![choice(Delta { role: None, content: Some(text) }, None)], None),
            AnswerChunk::End(reason) => (vec![choice(Delta::default(), Some(reason.as_str()))], None),
            AnswerChunk::Usage(counts) => (vec![], Some(Usage::from(counts))),
        };
        Some(ResponseBody { head, object: "chat.completion.chunk", choices, usage })
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
