//! Messages and retrieved documents.

use crate::content::Content;
use crate::content::Part;
use crate::semconv::value::FinishReason;

/// One message of a conversation, as in `gen_ai.input.messages` and `gen_ai.output.messages`.
///
/// ```
/// use llmobs::FinishReason;
/// use llmobs::content::Message;
/// use llmobs::content::Part;
///
/// let question = Message::user("What is the weather in Paris?");
/// let answer = Message::assistant().part(Part::text("Rain.")).finish_reason(FinishReason::Stop);
/// assert!(!format!("{question:?} {answer:?}").contains("Paris"), "nothing that it holds is printed");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Message {
    pub(crate) role: MessageRole,
    pub(crate) parts: Vec<Part>,
    pub(crate) name: Option<Content<String>>,
    pub(crate) finish_reason: Option<FinishReason>,
}

impl Message {
    /// Creates a message of this role without parts.
    pub const fn new(role: MessageRole) -> Self {
        Self { role, parts: Vec::new(), name: None, finish_reason: None }
    }

    /// Creates a message of the user.
    pub fn user(text: impl Into<Content<String>>) -> Self {
        Self::new(MessageRole::User).part(Part::text(text))
    }

    /// Creates a system message within the conversation. For instructions outside of it, use
    /// [`Input::system`](crate::content::Input::system).
    pub fn system(text: impl Into<Content<String>>) -> Self {
        Self::new(MessageRole::System).part(Part::text(text))
    }

    /// Creates an empty message of the model. An output has one message for each choice.
    pub const fn assistant() -> Self {
        Self::new(MessageRole::Assistant)
    }

    /// Creates a message with a tool's response.
    pub fn tool(response: impl Into<Part>) -> Self {
        Self::new(MessageRole::Tool).part(response)
    }

    /// Adds a part.
    pub fn part(mut self, part: impl Into<Part>) -> Self {
        self.parts.push(part.into());
        self
    }

    /// Sets the name of the participant.
    pub fn name(mut self, name: impl Into<Content<String>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the reason why the generation of this message ended. For output messages only. Defaults to the reason that
    /// the operation recorded for the choice, else to `stop` if the operation completed, to `cancelled` if it was
    /// cancelled, and otherwise to `error`.
    pub fn finish_reason(mut self, reason: FinishReason) -> Self {
        self.finish_reason = Some(reason);
        self
    }

    /// Returns the approximate size in bytes.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let name = self.name.as_ref().map_or(0, Content::estimated_bytes);
        size_of::<Self>() + name + self.parts.iter().map(Part::estimated_bytes).sum::<usize>()
    }
}

/// The role of a message's author.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageRole {
    /// The model.
    Assistant,
    /// The developer of the application, for APIs that distinguish developer from system.
    Developer,
    /// The system, which gives instructions.
    System,
    /// A tool.
    Tool,
    /// The user.
    User,
}

impl MessageRole {
    /// Returns the role as spelled in the OpenTelemetry GenAI conventions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assistant => "assistant",
            Self::Developer => "developer",
            Self::System => "system",
            Self::Tool => "tool",
            Self::User => "user",
        }
    }
}

/// A retrieved document, as in `gen_ai.retrieval.documents`: its id and relevance score, without its text.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Document {
    pub(crate) id: Content<String>,
    pub(crate) score: f64,
}

impl Document {
    /// Creates a document. The id is content, since it may be a path or a title. A document whose score is not finite
    /// is not exported.
    pub fn new(id: impl Into<Content<String>>, score: f64) -> Self {
        Self { id: id.into(), score }
    }
}
