//! The input of a model call.

use crate::content::Content;
use crate::content::Message;
use crate::content::ToolDefinition;

/// The input of a model call: system instructions, messages, and the tools that the model may call.
///
/// ```
/// use llmobs::content::Input;
/// use llmobs::content::Message;
/// use llmobs::content::ToolDefinition;
///
/// let input = Input::new()
///     .system("You are kind.")
///     .message(Message::user("Is it raining in Paris?"))
///     .tool(ToolDefinition::function("weather"));
/// assert!(!format!("{input:?}").contains("Paris"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Input {
    pub(crate) system_instructions: Vec<Content<String>>,
    pub(crate) messages: Vec<Message>,
    pub(crate) tools: Vec<ToolDefinition>,
}

impl Input {
    /// Creates an empty input.
    pub const fn new() -> Self {
        Self { system_instructions: Vec::new(), messages: Vec::new(), tools: Vec::new() }
    }

    /// Adds system instructions that are not part of the conversation. For those in the conversation, see
    /// [`Message::system`].
    pub fn system(mut self, text: impl Into<Content<String>>) -> Self {
        self.system_instructions.push(text.into());
        self
    }

    /// Appends a message to the conversation.
    pub fn message(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// Appends messages to the conversation.
    pub fn messages(mut self, messages: impl IntoIterator<Item = Message>) -> Self {
        self.messages.extend(messages);
        self
    }

    /// Adds a tool that the model may call.
    pub fn tool(mut self, tool: ToolDefinition) -> Self {
        self.tools.push(tool);
        self
    }

    /// Returns whether the input is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.system_instructions.is_empty() && self.messages.is_empty() && self.tools.is_empty()
    }

    /// Returns the approximate size in bytes.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let instructions =
            self.system_instructions.iter().map(|text| size_of::<String>() + text.estimated_bytes()).sum::<usize>();
        let messages: usize = self.messages.iter().map(Message::estimated_bytes).sum();
        let tools: usize = self.tools.iter().map(ToolDefinition::estimated_bytes).sum();
        instructions + messages + tools
    }
}

impl From<Message> for Input {
    fn from(message: Message) -> Self {
        Self::new().message(message)
    }
}

impl From<Vec<Message>> for Input {
    fn from(messages: Vec<Message>) -> Self {
        Self::new().messages(messages)
    }
}

impl<const N: usize> From<[Message; N]> for Input {
    fn from(messages: [Message; N]) -> Self {
        Self::new().messages(messages)
    }
}

/// A conversation with one user message.
impl From<&str> for Input {
    fn from(text: &str) -> Self {
        Message::user(text).into()
    }
}

/// A conversation with one user message.
impl From<String> for Input {
    fn from(text: String) -> Self {
        Message::user(text).into()
    }
}
