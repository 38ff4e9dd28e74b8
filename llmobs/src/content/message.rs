//! Messages and retrieved documents.

use crate::content::Content;
use crate::content::Part;
use crate::semconv::value::FinishReason;

/// One turn of a conversation, as `gen_ai.input.messages` and `gen_ai.output.messages` have it.
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
    /// A message of this role without parts.
    pub const fn new(role: MessageRole) -> Self {
        Self { role, parts: Vec::new(), name: None, finish_reason: None }
    }

    /// What a user wrote.
    pub fn user(text: impl Into<Content<String>>) -> Self {
        Self::new(MessageRole::User).part(Part::text(text))
    }

    /// An instruction in the conversation itself. Those apart from it are [`Part`]s without a message.
    pub fn system(text: impl Into<Content<String>>) -> Self {
        Self::new(MessageRole::System).part(Part::text(text))
    }

    /// What the model gives, one message for each choice.
    pub const fn assistant() -> Self {
        Self::new(MessageRole::Assistant)
    }

    /// What a tool answered.
    pub fn tool(response: impl Into<Part>) -> Self {
        Self::new(MessageRole::Tool).part(response)
    }

    /// Adds a part.
    pub fn part(mut self, part: impl Into<Part>) -> Self {
        self.parts.push(part.into());
        self
    }

    /// The name of who takes part.
    pub fn name(mut self, name: impl Into<Content<String>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Why the model stopped; of outputs only.
    pub fn finish_reason(mut self, reason: FinishReason) -> Self {
        self.finish_reason = Some(reason);
        self
    }

    /// How much it holds, about, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let name = self.name.as_ref().map_or(0, Content::weight);
        size_of::<Self>() + name + self.parts.iter().map(Part::weight).sum::<usize>()
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageRole {
    /// The model.
    Assistant,
    /// Who wrote the application, where an API tells him from the system.
    Developer,
    /// Whoever gives instructions.
    System,
    /// A tool.
    Tool,
    /// The user.
    User,
}

impl MessageRole {
    /// The role as the conventions spell it.
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

/// A document that a retrieval found, as `gen_ai.retrieval.documents` has it: what it is and how well it fits, not what it
/// says.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Document {
    pub(crate) id: Content<String>,
    pub(crate) score: f64,
}

impl Document {
    /// A document of this identity, which may be a path or a title and is content, and how well it fits. One whose score
    /// is no finite number is left out.
    pub fn new(id: impl Into<Content<String>>, score: f64) -> Self {
        Self { id: id.into(), score }
    }
}
